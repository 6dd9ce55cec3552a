import { describe, expect, it } from 'vitest'
import { Narrator, statusLine } from '../../src/cli/render/narrator.js'
import { ago, description, latest, now, row, status } from './samples.js'

const begin = ago(100)

describe('what is told of a job', () => {
  it('is that it runs, what it guarantees and where it reads, once', () => {
    const narrator = new Narrator(begin)
    const observation = { now, description: description(), status: status() }
    expect(narrator.observe(observation).lines).toEqual([
      'RUNNING attempt 1 on h1: exactly-once, a checkpoint every 1s',
      '  reads flights.ndjson at byte 0',
    ])
    expect(narrator.observe(observation).lines).toEqual([])
  })

  it('is where it goes on after a restore', () => {
    const deployment = {
      guarantee: 'exactly-once',
      tasks: 1,
      restoredRecords: 7_000,
      positions: ['a at byte 9'],
    } as const
    const { lines } = new Narrator(begin).observe({
      now,
      description: description(),
      status: status({ attempt: 2, deployment, checkpointing: 'off' }),
    })
    expect(lines).toEqual([
      'RUNNING attempt 2 on h1: exactly-once, checkpointing is off, after 7,000 records',
      '  goes on with a at byte 9',
    ])
  })

  it('is each checkpoint once, in order, whether it succeeded or not', () => {
    const narrator = new Narrator(begin)
    const seen = { now, description: description() }
    const history = [row(3, { status: 'failed', durationMs: 10_000, reason: 'The storage is full.' }), row(2)]
    expect(narrator.observe({ ...seen, history }).lines).toEqual([
      'chk-2   2,000 records  12.3 kB in 34 ms',
      'chk-3   failed after 10.0 s: The storage is full.',
    ])
    expect(narrator.observe({ ...seen, history: [row(4, { size: 100 }), ...history] }).lines).toEqual([
      'chk-4   4,000 records  100 B of 12.3 kB in 34 ms',
    ])
  })

  it('is in the order in which it happened, where one look sees an attempt and its checkpoints', () => {
    const narrator = new Narrator(begin)
    const seen = { now, description: description() }
    expect(narrator.observe({ ...seen, status: status(), history: [row(2)] }).lines).toEqual([
      'RUNNING attempt 1 on h1: exactly-once, a checkpoint every 1s',
      '  reads flights.ndjson at byte 0',
      'chk-2   2,000 records  12.3 kB in 34 ms',
    ])
    const deployment = { guarantee: 'exactly-once', tasks: 1, restoredRecords: 3_000, positions: [] } as const
    const restarted = status({ attempt: 2, deployment })
    expect(narrator.observe({ ...seen, status: restarted, history: [row(4), row(3), row(2)] }).lines).toEqual([
      'chk-3   3,000 records  12.3 kB in 34 ms',
      'RUNNING attempt 2 on h1: exactly-once, a checkpoint every 1s, after 3,000 records',
      'chk-4   4,000 records  12.3 kB in 34 ms',
    ])
  })

  it('is nothing of checkpoints from before', () => {
    const rows = [row(4, { triggeredAt: ago(20) }), row(3, { triggeredAt: ago(40) })]
    const { lines } = new Narrator(ago(30)).observe({ now, description: description(), history: rows })
    expect(lines).toEqual(['chk-4   4,000 records  12.3 kB in 34 ms'])
  })

  it('is a step of its start only where that lasts', () => {
    const waiting = status({ state: 'CREATED', activity: 'Waiting for a worker that has "flights".', hosts: [] })
    const narrator = new Narrator(begin)
    const at = (ms: number) => narrator.observe({ now: now + ms, description: description(), status: waiting }).lines
    expect(at(0)).toEqual([])
    expect(at(1_999)).toEqual([])
    expect(at(2_000)).toEqual(['CREATED Waiting for a worker that has "flights".'])
    expect(at(9_000)).toEqual([])
  })

  it('is a worker that gives the tasks back, with its reason', () => {
    const waiting = status({ state: 'CREATED', activity: 'Waiting.' })
    const narrator = new Narrator(begin)
    const refused = description({ waiting: { refusals: 2, lastRefusal: 'All slots are taken.' } })
    narrator.observe({ now, description: refused, status: waiting })
    expect(narrator.observe({ now: now + 2_000, description: refused, status: waiting }).lines).toEqual([
      'CREATED Waiting. A worker gave it back: All slots are taken.',
    ])
  })

  it('is a storage that is waited for, once', () => {
    const narrator = new Narrator(begin)
    narrator.observe({ now, description: description(), status: status() })
    const at = (tries: number) => {
      const retrying = { activity: 'writeAborted', tries, lastFailure: 'No space is left.' }
      return narrator.observe({ now: now + tries, description: description({ retrying }), status: status() }).lines
    }
    expect(at(1)).toEqual(['The storage is waited for: No space is left.'])
    expect(at(2)).toEqual([])
  })

  it('is a restart at once, with its cause, and the attempt that follows', () => {
    const narrator = new Narrator(begin)
    narrator.observe({ now, description: description(), status: status() })
    const restarting = status({
      state: 'RESTARTING',
      activity: 'Waiting 1s before restart 1.',
      lastFailure: 'h1 is lost.',
    })
    expect(narrator.observe({ now, description: description(), status: restarting }).lines).toEqual([
      'RESTARTING Waiting 1s before restart 1. Because: h1 is lost.',
    ])
    const step = { ...restarting, activity: 'Waiting for a worker.' }
    const steps = (ms: number) => narrator.observe({ now: now + ms, description: description(), status: step }).lines
    expect(steps(0)).toEqual([])
    expect(steps(2_000)).toEqual(['RESTARTING Waiting for a worker. Because: h1 is lost.'])
    expect(
      narrator.observe({ now, description: description(), status: status({ attempt: 2, hosts: ['h2'] }) }).lines[0],
    ).toMatch(/^RUNNING attempt 2 on h2/)
  })

  it('is that no worker answers, and not that the job has ended, which its outcome tells', () => {
    const narrator = new Narrator(begin)
    narrator.observe({ now, description: description() })
    expect(narrator.observe({ now: now + 3_000, description: description() }).lines).toEqual([
      'No worker answers; the job was last seen RUNNING.',
    ])
    const ended = status({ state: 'FINISHED', activity: 'all sources are exhausted' })
    expect(
      new Narrator(begin).observe({ now, description: description({ running: false }), status: ended }).lines,
    ).toEqual([])
  })
})

describe('the line that is rewritten', () => {
  const progress = { records: 6_900, rate: 1_023.4, emitted: 10, state: 'running' } as const

  it('has records, their rate and the latest checkpoint; a beat older than that does not count', () => {
    const line = statusLine({ now, description: description({ progress }), status: status({ latest, restarts: 1 }) })
    expect(line).toBe('RUNNING  7,000 records  1,023/s  chk-7 3 s ago, 12.3 kB in 34 ms  1 restart')
  })

  it('has what the job waits for while it does not run', () => {
    const waiting = status({ state: 'RESTARTING', activity: 'Waiting 1s before restart 1.' })
    expect(statusLine({ now, description: description({ progress }), status: waiting })).toBe(
      'RESTARTING  Waiting 1s before restart 1.',
    )
  })

  it('has what was last recorded while no worker answers', () => {
    expect(statusLine({ now, description: description({ latest }) })).toBe(
      'RUNNING  no worker answers  chk-7 3 s ago, 12.3 kB in 34 ms',
    )
  })
})
