import { describe, expect, test } from 'vitest'
import type { LogEntry, TaskSnapshot } from '../../src/checkpoint/entry.js'
import { append, checkpoint, claim, closed, Lab } from '../checkpoint-store/lab.js'
import { judgeLog, type LogFacts } from './audit/log-rules.js'
import { judgeOutput, type OutputFacts } from './audit/output-rules.js'
import { judgeLines } from './audit/read-output.js'
import { judgeTasks } from './audit/task-rules.js'
import { type Safeguard, safeguards, schemeOf, withoutSafeguard } from './broken-builds.js'
import { dealRounds } from './deck.js'
import { canPlay, cellName, cellsOf } from './faults-of-the-world.js'
import { Matrix } from './matrix.js'
import { lineOf, stateAfter, sumAt } from './oracle.js'
import { schemes } from './place.js'
import { shortRounds } from './short.js'

/** The auditor is pure: what it must find is put before it. */

describe('the oracle', () => {
  test('sums by key, whatever comes between', () => {
    const sums = new Map<string, { sum: number; n: number }>()
    for (let i = 0; i < 1_000; i++) {
      const { k, v, sum, n } = sumAt('a', i)
      const before = sums.get(k) ?? { sum: 0, n: 0 }
      sums.set(k, { sum: before.sum + v, n: before.n + 1 })
      expect({ sum, n }).toEqual(sums.get(k))
    }
    expect(stateAfter(new Map([['a', 1_000]]))).toEqual(sums)
  })
})

describe('the auditor of output', () => {
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `${lineOf('steps', 'a', from + i)}\n`).join('')
  const part = (number: number, from: number, to: number, execution = 'e1') => ({
    name: `part-${number}`,
    execution,
    number,
    ...judgeLines(lines(from, to), 'steps'),
  })
  const facts = (more: Partial<OutputFacts>): OutputFacts => ({
    sink: 'steps',
    execution: 'e1',
    ancestry: [{ execution: 'e1', through: 9 }],
    parts: [part(2, 0, 10), part(3, 10, 25)],
    committed: { number: 3, positions: new Map([['a', 25]]) },
    ...more,
  })

  test('finds nothing where nothing is wrong', () => {
    expect(judgeOutput(facts({}))).toEqual([])
    expect(judgeOutput(facts({ parts: [part(2, 0, 10), part(3, 10, 25), part(4, 25, 30)] }))).toEqual([])
  })

  test.each<[string, Partial<OutputFacts>, RegExp]>([
    ['a record that is lost', { parts: [part(2, 0, 10), part(3, 11, 25)] }, /records 10 to 10 are lost/],
    ['a record that is there twice', { parts: [part(2, 0, 10), part(3, 9, 25)] }, /records 9 to 9 are there twice/],
    ['less than a checkpoint covers', { parts: [part(2, 0, 10)] }, /10 records are visible where chk-3 covers 25/],
    ['output of another past', { ancestry: [{ execution: 'e1', through: 2 }] }, /part-3 is visible and of no past/],
    [
      'output of another execution',
      { parts: [part(2, 0, 10), part(3, 10, 25, 'e0')] },
      /part-3 is visible and of no past/,
    ],
    ['a fork that begins too early', { begin: new Map([['a', 5]]) }, /records 0 to 4 are there twice/],
  ])('finds %s', (_, more, fault) => {
    expect(judgeOutput(facts(more)).join('\n')).toMatch(fault)
  })

  test('finds a wrong record, and one that is cut off', () => {
    expect(judgeLines('{"s":"a","i":0,"v":-1}\n', 'steps').wrong).toHaveLength(1)
    expect(judgeLines(lines(0, 2).slice(0, -1), 'steps').wrong).toEqual(['a last line that is cut off'])
  })
})

describe('the auditor of a checkpoint', () => {
  const task = (number: number, splits: string, more: { readonly scope?: string } = {}) =>
    ({
      task: number,
      splits: [
        ...[...splits].map((split) => ({ source: 'steps', split })),
        ...(number < 3 ? [{ source: 'pages', split: `/in/p${number}.ndjson` }] : []),
      ],
      state: [{ operator: 'sums', scope: { kind: 'split', split: more.scope ?? splits[0] } }],
    }) as unknown as TaskSnapshot
  const all = [...'abcdef'].map((split, number) => task(number, split))
  const without = (number: number) => all.filter((one) => one.task !== number)

  test('finds nothing where nothing is wrong', () => {
    expect(judgeTasks({ tasks: all }, 'spread')).toEqual([])
  })

  test.each<[string, readonly TaskSnapshot[], RegExp]>([
    ['a part of one host that is missing', without(5), /holds tasks 0,1,2,3,4 instead of/],
    ['a part that is there twice', [...all, task(5, 'f')], /holds steps a,b,c,d,e,f,f instead of/],
    ['a split that nobody reads', [...without(5), task(5, '', { scope: 'f' })], /holds steps a,b,c,d,e instead of/],
    ['a split that two tasks read', [...without(5), task(5, 'fa')], /holds steps a,a,b,c,d,e,f instead of/],
    ['state apart from its split', [...without(5), task(5, 'f', { scope: 'a' })], /state of sums for a, which it does/],
  ])('finds %s', (_, tasks, fault) => {
    expect(judgeTasks({ tasks }, 'spread').join('\n')).toMatch(fault)
  })
})

describe('the auditor of a log', () => {
  const entry = (more: Partial<LogEntry> & Pick<LogEntry, 'number'>): LogEntry =>
    ({ ...checkpoint(more.number, { alive: [2, 3], claim: 1 }), ...more }) as LogEntry
  const facts = (more: Partial<LogFacts> = {}): LogFacts => {
    const newest = entry({ number: 3 })
    return {
      record: { execution: 'e1' } as LogFacts['record'],
      newest,
      entries: new Map<number, LogEntry>([
        [1, claim(1)],
        [2, entry({ number: 2 })],
        [3, newest],
      ]),
      changed: [],
      written: new Set([1, 2, 3]),
      before: { newest: 2, acknowledged: [2] },
      numRetained: 3,
      ...more,
    }
  }

  test('finds nothing where nothing is wrong', () => {
    expect(judgeLog(facts())).toEqual([])
    const end = closed(4, { alive: [] })
    expect(judgeLog(facts({ newest: end, written: new Set([1, 2, 3, 4]) }))).toEqual([])
  })

  test.each<[string, Partial<LogFacts>, RegExp]>([
    ['a hole', { written: new Set([1, 3]) }, /hole at 2/],
    ['an entry that changed', { changed: [2] }, /entry 2 has changed/],
    ['a log that went back', { before: { newest: 7, acknowledged: [] } }, /newest entry was 7 and is 3/],
    ['a checkpoint that is gone', { before: { newest: 2, acknowledged: [1] } }, /chk-1 was complete and is gone/],
    [
      'two owners',
      {
        entries: new Map([
          [1, claim(1)],
          [2, claim(2)],
          [3, entry({ number: 3 })],
        ]),
      },
      /entry 3 is of claim 1, after claim 2/,
    ],
    [
      'an owner that never claimed',
      {
        entries: new Map([
          [1, entry({ number: 1 })],
          [3, entry({ number: 3 })],
        ]),
      },
      /not its run's/,
    ],
    [
      'what is alive and no checkpoint',
      {
        entries: new Map([
          [2, closed(2)],
          [3, entry({ number: 3 })],
        ]),
      },
      /entry 2 is closed and is alive/,
    ],
  ])('finds %s', (_, more, fault) => {
    expect(judgeLog(facts(more)).join('\n')).toMatch(fault)
  })

  test('agrees with a real log', async () => {
    const lab = await Lab.open()
    await lab.log().create(lab.record())
    await append(lab.log(), claim(1))
    await append(lab.log(), checkpoint(2, { alive: [2], claim: 1 }))
    const { record, newest } = await lab.log().observe()
    if (record === undefined || newest === undefined) throw new Error('It was just written.')
    const entries = new Map([
      [1, await lab.log().read(1)],
      [2, newest],
    ])
    expect(judgeLog(facts({ record, newest, entries, written: new Set([1, 2]) }))).toEqual([])
  })
})

describe.each(schemes)('the rounds of a seed, checkpoints on %s', (scheme) => {
  const cells = cellsOf(scheme)

  test('are the same each time, and hold every fault at every step once in each deck', () => {
    const rounds = dealRounds(5, 2 * cells.length, cells)
    expect(dealRounds(5, 2 * cells.length, cells)).toEqual(rounds)
    expect(dealRounds(6, 10, cells)).not.toEqual(rounds.slice(0, 10))
    const matrix = new Matrix(scheme)
    for (const { cell } of rounds) matrix.add(cell)
    expect(cells.filter((cell) => matrix.count(cell) !== 2).map(cellName)).toEqual([])
    expect(matrix.total).toBe(rounds.length)
    expect(matrix.below(3)).toEqual(cells)
  })

  test.each(['ledger', 'spread'] as const)('can all be played by %s', (definition) => {
    for (const cell of cells) expect(canPlay(cell, { definition }, scheme), cellName(cell)).toBe(true)
  })
})

describe('the short campaign', () => {
  const names = Object.keys(safeguards) as Safeguard[]
  const short = [
    ...schemes.map((scheme) => ({ scheme, missing: undefined })),
    ...names.map((missing) => ({ scheme: schemeOf(missing), missing })),
  ]

  test.each(short)('has no round that no job can play ($scheme, missing: $missing)', ({ scheme, missing }) => {
    for (const { cell } of shortRounds(scheme, 1, missing)) {
      expect(canPlay(cell, { definition: 'ledger' }, scheme), `${cellName(cell)}: ${cell.point}`).toBe(true)
    }
  })

  test('does not look for state files where a job has none', () => {
    for (const target of [{ definition: 'copies' }, { definition: 'ledger', inline: true }] as const) {
      expect(canPlay({ fault: 'error', step: 'write', point: 'state is synced' }, target, 'file')).toBe(false)
      expect(canPlay({ fault: 'damage', step: 'restore' }, target, 'file')).toBe(false)
    }
  })

  test.each(names)('finds the safeguard in the build that it is to take out: %s', async (safeguard) => {
    expect((await withoutSafeguard(safeguard)).size).toBeGreaterThan(0)
  })
})
