import { describe, expect, test } from 'vitest'
import type { SplitSnapshot } from '../../src/checkpoint/entry.js'
import { assignSplits, taskOfNewSplit } from '../../src/engine/embedded/plan/assign-splits.js'

const base = { source: 'in', bounded: true, parallelism: 2 }

function at(split: string, position: number | null, finished = false): SplitSnapshot {
  return { source: 'in', split, position, finished }
}

function names(facts: Parameters<typeof assignSplits>[0]): string[][] {
  return assignSplits(facts).map((task) => task.splits.map((split) => split.split))
}

function ended(facts: Parameters<typeof assignSplits>[0]): boolean[] {
  return assignSplits(facts).map((task) => task.ended)
}

describe('a fresh start', () => {
  test('deals sorted splits round robin, and tells every task about all of them', () => {
    const assigned = assignSplits({ ...base, listed: ['c', 'a', 'b'] })
    expect(assigned.map((task) => task.splits)).toEqual([
      [
        { split: 'a', finished: false },
        { split: 'c', finished: false },
      ],
      [{ split: 'b', finished: false }],
    ])
    expect(assigned.map((task) => task.known)).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ])
  })

  test('lets one task alone tell the end of a source without splits', () => {
    expect(ended({ ...base, listed: [] })).toEqual([false, true])
    expect(ended({ ...base, listed: ['a'] })).toEqual([false, true])
  })
})

describe('a restore', () => {
  test('leaves splits with their tasks where the parallelism is the same', () => {
    const restored = [
      [at('b', 3), at('c', null)],
      [at('a', 9, true), at('d', 1)],
    ]
    const facts = { ...base, listed: ['a', 'b', 'c', 'd', 'aa', 'bb'], restored }
    expect(names(facts)).toEqual([
      ['aa', 'b', 'c'],
      ['a', 'bb', 'd'],
    ])
    expect(assignSplits(facts)[0]?.splits).toContainEqual({ split: 'b', position: 3, finished: false })
    expect(assignSplits(facts)[0]?.splits).toContainEqual({ split: 'c', finished: false })
    expect(assignSplits(facts)[1]?.splits).toContainEqual({ split: 'a', position: 9, finished: true })
  })

  test('deals anew where it is another', () => {
    const restored = [[at('b', 3), at('c', 4), at('a', 5)]]
    expect(names({ ...base, listed: [], restored })).toEqual([['a', 'c'], ['b']])
  })

  test('deals what is still to be read first, so that each task has its share', () => {
    const restored = [[at('a', 1, true), at('b', 2), at('c', 3, true), at('d', 4)]]
    expect(names({ ...base, listed: [], restored })).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
  })

  test('keeps what is not listed any more: its reader says what became of it', () => {
    expect(names({ ...base, parallelism: 1, listed: ['b'], restored: [[at('a', 1)]] })).toEqual([['a', 'b']])
  })

  test('gives a task that has told its end nothing more, as long as another can take it', () => {
    const restored = [[at('a', 1, true)], [at('b', 1)]]
    const facts = { ...base, listed: ['a', 'b', 'c', 'd'], restored }
    expect(names(facts)).toEqual([['a'], ['b', 'c', 'd']])
    expect(ended(facts)).toEqual([true, false])
  })

  test('takes nothing new once the whole source has ended', () => {
    const facts = { ...base, parallelism: 1, listed: ['a', 'b'], restored: [[at('a', 1, true)]] }
    expect(names(facts)).toEqual([['a']])
    expect(ended(facts)).toEqual([true])
  })

  test('does not tell the end of a source without splits a second time', () => {
    expect(ended({ ...base, listed: [], restored: [[], []] })).toEqual([true, true])
  })

  test('has no end where the source is unbounded', () => {
    const facts = { ...base, bounded: false, listed: ['a', 'b'], restored: [[at('a', 1, true)], []] }
    expect(names(facts)).toEqual([['a'], ['b']])
    expect(ended(facts)).toEqual([false, false])
  })
})

test('a split that appears while the job runs has one task, the same for whoever asks', () => {
  const tasks = Array.from({ length: 100 }, (_, i) => taskOfNewSplit(`file-${i}`, 4))
  expect(new Set(tasks)).toEqual(new Set([0, 1, 2, 3]))
})
