import { deserialize, serialize } from 'node:v8'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canGoOn, SectionWriter } from '../../../src/engine/embedded/state/section-writer.js'
import { sectionHead } from '../../../src/engine/embedded/state/state-codec.js'
import type { Section } from '../../../src/engine/embedded/state/state-section.js'

const shared = { by: 'many' }
const text = fc.string({ unit: 'binary', maxLength: 40 })
const plain = fc.oneof(text, fc.double(), fc.integer(), fc.bigInt(), fc.boolean(), fc.constantFrom(null, undefined))
const value = fc.oneof(plain, fc.constantFrom<unknown>(shared, [shared, shared]), fc.dictionary(text, plain))
const key = fc.oneof(text, fc.integer(), fc.double())

/** Of one section: its keys, with values of which few sections have an object, and keys that are deleted. */
const content = fc.record({
  entries: fc.oneof(
    { weight: 5, arbitrary: fc.array(fc.tuple(key, plain), { maxLength: 20 }) },
    { weight: 1, arbitrary: fc.array(fc.tuple(key, value), { maxLength: 20 }) },
  ),
  deleted: fc.array(key, { maxLength: 3 }),
})

/** As it is filled where keys wait: place by place, over what was in it before. */
function fill(
  section: Section,
  { entries, deleted }: typeof content extends fc.Arbitrary<infer A> ? A : never,
): Section {
  for (const [at, [name, state]] of entries.entries()) {
    section[0][at] = name
    section[1][at] = state
  }
  section[0].length = entries.length
  section[1].length = entries.length
  section[2].push(...deleted)
  return section
}

test('a serializer of this Node goes on after what it has given away', () => {
  expect(canGoOn).toBe(true)
})

test('of many sections each can be read without the others, whatever stood in its arrays before', () => {
  fc.assert(
    fc.property(fc.array(content, { minLength: 1, maxLength: 20 }), (contents) => {
      const writer = new SectionWriter('sums')
      // Those that wait to be filled, as there is one for each key group.
      const waiting = Array.from({ length: 5 }, () => writer.emptySection())
      for (let round = 0; round < 20; round++) {
        for (const [at, one] of contents.entries()) {
          const section = fill(waiting.shift() as Section, one)
          const expected = serialize(section)
          const bytes = writer.write(at, section)
          waiting.push(writer.emptySection())
          expect([bytes.readUInt32BE(0), bytes.readUInt32BE(4)]).toEqual([at, bytes.length - sectionHead.length])
          const written = bytes.subarray(sectionHead.length)
          expect(deserialize(written)).toEqual(deserialize(expected))
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('what was given away stays as it was, whatever is written after it', () => {
  const writer = new SectionWriter('sums')
  const write = (n: number) => {
    const section = writer.emptySection()
    section[0][0] = n
    section[1][0] = 'x'.repeat(n)
    return writer.write(0, section)
  }
  const written = Array.from({ length: 300 }, (_, n) => write(n))
  for (const [n, bytes] of written.entries()) {
    expect(deserialize(bytes.subarray(sectionHead.length))).toEqual([[n], ['x'.repeat(n)], []])
  }
})
