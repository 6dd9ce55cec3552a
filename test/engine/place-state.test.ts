import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SplitSnapshot } from '../../src/checkpoint/entry.js'
import type { StateHandle } from '../../src/checkpoint/state-handle.js'
import type { StateAssignment } from '../../src/engine/embedded/messages.js'
import { assignSplits } from '../../src/engine/embedded/plan/assign-splits.js'
import type { Inventory } from '../../src/engine/embedded/plan/inventory.js'
import { placeState } from '../../src/engine/embedded/plan/place-state.js'

const operator = { id: 'sums', name: 'sums', version: 1, open: () => ({ onRecord: () => {} }) }

function inventory(scope: 'job' | 'split'): Pick<Inventory, 'stateful'> {
  return { stateful: new Map([['sums', { operator, scope, source: 'in' }]]) }
}

function stateOf(scope: StateHandle['scope']): StateAssignment {
  return { operator: 'sums', scope, handles: [] }
}

interface Before {
  readonly split: string
  readonly task: number
  readonly finished: boolean
}

/** A snapshot of some tasks and what the source lists now, old splits gone and new ones there. */
const histories = fc.record({
  before: fc.integer({ min: 1, max: 5 }).chain((parallelism) =>
    fc.record({
      parallelism: fc.constant(parallelism),
      splits: fc.uniqueArray(
        fc.record({
          split: fc.integer({ min: 0, max: 40 }).map((n) => `f${n}`),
          task: fc.nat({ max: parallelism - 1 }),
          finished: fc.boolean(),
        }) as fc.Arbitrary<Before>,
        { selector: ({ split }) => split, maxLength: 20 },
      ),
    }),
  ),
  listed: fc.uniqueArray(
    fc.integer({ min: 0, max: 40 }).map((n) => `f${n}`),
    { maxLength: 20 },
  ),
  parallelism: fc.integer({ min: 1, max: 5 }),
  bounded: fc.boolean(),
})

test('every split has one task, at whatever parallelism, and its state goes with it', () => {
  fc.assert(
    fc.property(histories, ({ before, listed, parallelism, bounded }) => {
      const restored = Array.from({ length: before.parallelism }, (_, task) =>
        before.splits
          .filter((one) => one.task === task)
          .map(({ split, finished }): SplitSnapshot => ({ source: 'in', split, position: 7, finished })),
      )
      const sources = assignSplits({ source: 'in', bounded, parallelism, listed, restored })
      const kept = before.splits.filter(({ finished }) => !finished).map(({ split }) => split)
      const state = kept.map((split) => stateOf({ kind: 'split', split }))
      const placed = placeState(state, inventory('split'), [sources], { parallelism, allowNonRestoredState: false })

      const over = bounded && before.splits.length > 0 && kept.length === 0
      const known = new Set([...before.splits.map(({ split }) => split), ...(over ? [] : listed)])
      expect(sources.flatMap(({ splits }) => splits.map(({ split }) => split)).sort()).toEqual([...known].sort())
      expect(placed.flat()).toHaveLength(kept.length)
      for (const [task, { splits }] of sources.entries()) {
        const carried = placed[task]?.map(({ scope }) => scope.kind === 'split' && scope.split)
        expect(carried?.sort()).toEqual(kept.filter((split) => splits.some((one) => one.split === split)).sort())
        for (const { split, position, finished } of splits) {
          const was = before.splits.find((one) => one.split === split)
          expect([position, finished]).toEqual(was === undefined ? [undefined, false] : [7, was.finished])
          if (before.parallelism === parallelism && was !== undefined) expect(task).toBe(was.task)
        }
      }
      if (before.parallelism !== parallelism) {
        const shares = sources.map(({ splits }) => splits.filter(({ finished }) => !finished).length)
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
      }
    }),
  )
})

describe('state without a place', () => {
  const sources = [assignSplits({ source: 'in', bounded: true, parallelism: 2, listed: ['a'] })]
  const gone = [stateOf({ kind: 'split', split: 'b' }), stateOf({ kind: 'split', split: 'a' })]

  test('is refused, by name', () => {
    const place = () => placeState(gone, inventory('split'), sources, { parallelism: 2, allowNonRestoredState: false })
    expect(place).toThrow(/^The checkpoint holds the state of operator 'sums' for b, which source 'in' does not read;/)
  })

  test('is left behind where that was asked for', () => {
    const placed = placeState(gone, inventory('split'), sources, { parallelism: 2, allowNonRestoredState: true })
    expect(placed).toEqual([[gone[1]], []])
  })
})

test("the whole job's state goes to its only task", () => {
  const sources = [assignSplits({ source: 'in', bounded: true, parallelism: 1, listed: ['a'] })]
  const state = [stateOf({ kind: 'job' })]
  expect(placeState(state, inventory('job'), sources, { parallelism: 1, allowNonRestoredState: false })).toEqual([
    state,
  ])
})
