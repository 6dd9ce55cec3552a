import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinParts } from '../../src/checkpoint/join-parts.js'
import { joinDeployments, joinSnapshots } from '../../src/coordinator/joined.js'
import type { PartManifest } from '../../src/engine/part-manifest.js'
import { deployedOn, snapshotOf } from '../coordinator/fixtures.js'

function partOf(host: string, tasks: readonly number[], more: Partial<PartManifest> = {}): PartManifest {
  return {
    formatVersion: 1,
    execution: 'e1',
    number: 7,
    attempt: 2,
    host,
    definition: { name: 'flights', version: '1', build: 'b1' },
    operators: [{ id: 'source', role: 'source', stateVersion: 1 }],
    tasks: tasks.map((task) => ({ task, splits: [], state: [], commits: [], recordsRead: task * 10 })),
    ...more,
  }
}

test('however the tasks are shared out among hosts, the snapshot is that of one host', () => {
  const shares = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(shares, fc.infiniteStream(fc.nat()), (counts, order) => {
      const parallelism = counts.reduce((sum, count) => sum + count, 0)
      const all = Array.from({ length: parallelism }, (_, task) => task)
      const parts = counts.map((count, index) => {
        const first = counts.slice(0, index).reduce((sum, before) => sum + before, 0)
        return partOf(`h${index}`, all.slice(first, first + count))
      })
      const rank = new Map(parts.map((part) => [part, order.next().value ?? 0]))
      const shuffled = [...parts].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0))
      expect(joinParts(shuffled, parallelism)).toEqual(joinParts([partOf('alone', all)], parallelism))
    }),
  )
})

test('tasks that are missing, twice there or of another build are no snapshot', () => {
  const other = { definition: { name: 'flights', version: '1', build: 'b2' } }
  for (const [parts, found] of [
    [[], 'tasks none of 0 build(s)'],
    [[partOf('a', [0])], 'tasks 0 of 1 build(s)'],
    [[partOf('a', [0, 1]), partOf('b', [1])], 'tasks 0, 1, 1 of 1 build(s)'],
    [[partOf('a', [0]), partOf('b', [2])], 'tasks 0, 2 of 1 build(s)'],
    [[partOf('a', [0]), partOf('b', [1], other)], 'tasks 0, 1 of 2 build(s)'],
  ] as const) {
    expect(() => joinParts(parts, 2)).toThrow(`The parts of a snapshot hold ${found}, not each of 2 once.`)
  }
})

test('it builds on a parent where any part does', () => {
  expect(joinParts([partOf('a', [0]), partOf('b', [1], { parent: 5 })], 2).parent).toBe(5)
  expect('parent' in joinParts([partOf('a', [0]), partOf('b', [1])], 2)).toBe(false)
})

test('a snapshot is the last one only where each part is, and takes as long as the slowest', () => {
  const [one, other] = [snapshotOf(1, true), { ...snapshotOf(2), pauseMs: 9, completedAt: 99 }]
  expect(joinSnapshots([one, other])).toMatchObject({ final: false, records: 300, pauseMs: 9 })
  expect(joinSnapshots([one, other]).parts).toEqual([one.part, other.part])
  expect(joinSnapshots([one, { ...other, final: true }])).toMatchObject({ final: true })
})

test('a deployment names its hosts, sums up their tasks, and has the sweep of whoever swept', () => {
  const sweep = { finishedCommits: 1, superseded: 2, broughtBack: 3 }
  const two = { ...deployedOn('b'), tasks: 2, positions: ['3', '4', '5'] }
  const joined = joinDeployments([{ ...deployedOn('a'), positions: ['1'] }, two], sweep)
  expect(joined).toMatchObject({ hosts: ['a', 'b'], tasks: 3, positions: ['1', '3', '4'], sweep })
})
