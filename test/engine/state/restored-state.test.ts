import { serialize } from 'node:v8'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RestoredState } from '../../../src/engine/embedded/state/restored-state.js'
import { nowhere } from '../../../src/engine/embedded/state/state-table.js'

/** A key tells its group by its first letter. */
const groups = ['a', 'b', 'c']
const keys = groups.flatMap((group) => [1, 2, 3].map((n) => `${group}${n}`))

const section = fc
  .record({ group: fc.nat(groups.length - 1), set: fc.subarray([1, 2, 3]), deleted: fc.subarray([1, 2, 3]) })
  .map(({ group, set, deleted }) => {
    const key = (n: number) => `${groups[group]}${n}`
    return { group, set: set.map(key), deleted: deleted.filter((n) => !set.includes(n)).map(key) }
  })

test('whatever is asked for first, and however groups lie among each other, the last section about a key counts', () => {
  const asked = fc.array(fc.option(fc.nat(groups.length - 1)), { maxLength: 12 })
  fc.assert(
    fc.property(fc.array(section, { maxLength: 10 }), asked, (sections, questions) => {
      const state = new RestoredState<number>()
      const expected = new Map<string, number>()
      for (const [index, { group, set, deleted }] of sections.entries()) {
        const bytes = serialize([set, set.map(() => index), deleted])
        state.add({ group, bytes }, 'a.state')
        for (const key of set) expected.set(key, index)
        for (const key of deleted) expected.delete(key)
      }
      const found = (key: string) => {
        const place = state.decoded.placeOf(key)
        return place === nowhere ? undefined : state.decoded.stateAt(place)
      }
      for (const group of questions) {
        if (group === null) state.decodeNext()
        else {
          state.decodeGroup(group)
          for (const key of keys) if (key.startsWith(groups[group] ?? '')) expect(found(key)).toBe(expected.get(key))
        }
      }
      expect(state.decodeAll().size).toBe(expected.size)
      expect(state.complete).toBe(true)
      for (const key of keys) expect(found(key)).toBe(expected.get(key))
    }),
  )
})
