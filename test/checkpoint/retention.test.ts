import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildClosed } from '../../src/checkpoint/closing.js'
import { planAlive } from '../../src/checkpoint/retention-plan.js'
import { aliveAfterEnding } from '../../src/checkpoint/retention-table.js'
import { checkpoint, record } from './samples.js'

describe('what stays when a job ends: every cell', () => {
  const alive = [1, 2, 3]
  const savepoints = [2]
  const all = alive
  const none = savepoints
  it.each([
    ['NO_EXTERNALIZED_CHECKPOINTS', 'FINISHED', none],
    ['NO_EXTERNALIZED_CHECKPOINTS', 'CANCELED', none],
    ['NO_EXTERNALIZED_CHECKPOINTS', 'FAILED', none],
    ['DELETE_ON_CANCELLATION', 'FINISHED', none],
    ['DELETE_ON_CANCELLATION', 'CANCELED', none],
    ['DELETE_ON_CANCELLATION', 'FAILED', all],
    ['RETAIN_ON_CANCELLATION', 'FINISHED', none],
    ['RETAIN_ON_CANCELLATION', 'CANCELED', all],
    ['RETAIN_ON_CANCELLATION', 'FAILED', all],
  ] as const)('%s, %s: %j', (policy, ending, kept) => {
    expect(aliveAfterEnding({ policy, ending, alive, savepoints })).toEqual(kept)
    // What a cancel says decides a cancelled job, and no other.
    for (const [override, byOverride] of [
      ['RETAIN', all],
      ['DELETE', none],
    ] as const) {
      const expected = ending === 'CANCELED' ? byOverride : kept
      expect(aliveAfterEnding({ policy, ending, alive, savepoints, override })).toEqual(expected)
    }
  })
})

describe('what a new checkpoint subsumes', () => {
  it.each([
    [{ alive: [], completed: 1, numRetained: 1, committedThrough: 0 }, [1]],
    [{ alive: [1], completed: 2, numRetained: 1, committedThrough: 1 }, [2]],
    [{ alive: [1], completed: 2, numRetained: 1, committedThrough: 0 }, [1, 2]],
    [{ alive: [1, 2, 3], completed: 4, numRetained: 3, committedThrough: 3 }, [2, 3, 4]],
    [{ alive: [1, 2, 3], completed: 5, numRetained: 2, committedThrough: 1 }, [2, 3, 5]],
    [{ alive: [1, 2, 3], completed: 4, numRetained: 1, committedThrough: 3, savepoints: [1] }, [1, 4]],
    [{ alive: [1, 2, 3], completed: 4, numRetained: 2, committedThrough: 3, savepoints: [3] }, [2, 3, 4]],
    [{ alive: [2, 3], completed: 3, numRetained: 1, committedThrough: 3 }, [3]],
  ])('%j: %j', (facts, expected) => {
    expect(planAlive(facts)).toEqual(expected)
  })

  it('keeps the newest, whatever is unfinished, and nothing that was not there', () => {
    const facts = fc.record({
      alive: fc.uniqueArray(fc.integer({ min: 1, max: 30 })).map((list) => list.sort((a, b) => a - b)),
      completed: fc.integer({ min: 31, max: 40 }),
      numRetained: fc.integer({ min: 1, max: 5 }),
      committedThrough: fc.integer({ min: 0, max: 40 }),
    })
    fc.assert(
      fc.property(facts, (given) => {
        const kept = planAlive(given)
        expect(kept).toContain(given.completed)
        expect(kept).toEqual([...kept].sort((a, b) => a - b))
        for (const number of kept) expect([...given.alive, given.completed]).toContain(number)
        for (const number of given.alive) if (number > given.committedThrough) expect(kept).toContain(number)
        const finished = kept.filter((number) => number <= given.committedThrough)
        expect(finished.length).toBeLessThanOrEqual(Math.max(given.numRetained, 1))
      }),
    )
  })
})

describe('closing', () => {
  const facts = {
    record,
    savepoints: [],
    by: 'successor',
    run: 'next',
    reason: 'a new execution began',
    at: '2026-01-02T04:00:00.000Z',
    nonce: 'n',
  } as const

  it('keeps what has unfinished commits and says what is to stay in the end', () => {
    const newest = { ...checkpoint, alive: [3, 6, 7], committedThrough: 6 }
    const entry = buildClosed({ ...facts, newest, ending: 'CANCELED', override: 'DELETE' })
    expect(entry).toMatchObject({ number: 8, alive: [7], intendedAlive: [], owner: { claim: 5, run: 'next' } })
    expect(entry.ancestry).toEqual(newest.ancestry)
  })

  it('has no intention besides where the table is carried out at once', () => {
    const newest = { ...checkpoint, committedThrough: 7 }
    expect(buildClosed({ ...facts, newest, ending: 'FAILED' })).not.toHaveProperty('intendedAlive')
    expect(buildClosed({ ...facts, newest, ending: 'FAILED' }).alive).toEqual([3, 6, 7])
    expect(buildClosed({ ...facts, newest, ending: 'FINISHED', savepoints: [3] }).alive).toEqual([3])
  })

  it('takes the first number where nobody ever claimed', () => {
    const entry = buildClosed({ ...facts, ending: 'FAILED' })
    expect(entry).toMatchObject({ number: 3, alive: [], ancestry: record.restoredFrom?.ancestry })
    const { restoredFrom: _, ...fresh } = record
    expect(buildClosed({ ...facts, record: fresh, ending: 'FAILED' })).toMatchObject({ number: 1, ancestry: [] })
  })
})
