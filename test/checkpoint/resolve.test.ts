import { describe, expect, it } from 'vitest'
import type { ExecutionRecord } from '../../src/checkpoint/execution-record.js'
import { orderByLineage } from '../../src/checkpoint/lineage.js'
import { chooseLatest, chooseNumber } from '../../src/checkpoint/resolve.js'
import { record as sample } from './samples.js'

/** An execution made at `time` (seconds), restored from chk-1 of `from`. */
function execution(
  id: string,
  time: number,
  alive: number[],
  from?: string,
): { record: ExecutionRecord; alive: number[] } {
  const { restoredFrom: _, ...fresh } = sample
  const createdAt = new Date(time * 1000).toISOString()
  const restoredFrom = from === undefined ? {} : { restoredFrom: { ...sampleRestoredFrom, execution: from } }
  return { record: { ...fresh, execution: id, createdAt, ...restoredFrom }, alive }
}
const sampleRestoredFrom = {
  job: 'j',
  execution: 'x',
  number: 1,
  uri: 'file:///x/chk-1',
  claimMode: 'NO_CLAIM',
  ancestry: [],
} as const

const order = (...executions: ReturnType<typeof execution>[]) =>
  orderByLineage(executions).map((one) => one.record.execution)

describe('the order of executions', () => {
  it('follows what was restored from what, against the clocks', () => {
    expect(order(execution('c', 1, [], 'b'), execution('b', 5, [], 'a'), execution('a', 9, []))).toEqual([
      'a',
      'b',
      'c',
    ])
  })

  it('takes creation times between unrelated ones, then ids', () => {
    expect(order(execution('b', 2, []), execution('a', 3, []), execution('c', 1, []))).toEqual(['c', 'b', 'a'])
    expect(order(execution('b', 1, []), execution('a', 1, []))).toEqual(['a', 'b'])
  })

  it('puts a fresh start after the older line', () => {
    expect(order(execution('fresh', 7, []), execution('b', 5, [], 'a'), execution('a', 1, []))).toEqual([
      'a',
      'b',
      'fresh',
    ])
  })

  it('ends for records that were edited into a circle', () => {
    expect(order(execution('a', 1, [], 'b'), execution('b', 2, [], 'a'))).toHaveLength(2)
  })
})

describe('latest', () => {
  it('is the newest snapshot of the newest execution', () => {
    expect(chooseLatest([execution('a', 1, [1, 9]), execution('b', 2, [2, 3], 'a')])).toEqual({
      kind: 'snapshot',
      execution: 'b',
      number: 3,
    })
  })

  it('is what the newest execution began from, where it has none of its own', () => {
    const choice = chooseLatest([execution('a', 1, [1, 9]), execution('b', 2, [], 'a')])
    expect(choice).toMatchObject({ kind: 'inherited', from: { execution: 'a', number: 1 } })
  })

  it('is nothing after a fresh start that has none: older lines are not what was asked for', () => {
    expect(chooseLatest([execution('a', 1, [1]), execution('fresh', 2, [])])).toEqual({ kind: 'none' })
    expect(chooseLatest([])).toEqual({ kind: 'none' })
  })
})

describe('chk-n', () => {
  it('is found in whichever execution keeps it', () => {
    const executions = [execution('a', 1, [1, 2]), execution('b', 2, [3], 'a')]
    expect(chooseNumber(executions, 2)).toEqual({ kind: 'snapshot', execution: 'a', number: 2 })
    expect(chooseNumber(executions, 4)).toEqual({ kind: 'none' })
  })

  it('is refused where two executions keep that number', () => {
    const executions = [execution('a', 1, [2]), execution('b', 2, [2], 'a')]
    expect(chooseNumber(executions, 2)).toEqual({ kind: 'ambiguous', executions: ['a', 'b'] })
  })
})
