import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LogEntry } from '../../src/checkpoint/entry.js'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import { committed } from './data.js'
import { type Installation, startInstallation } from './installation.js'
import { status } from './messages-to-jobs.js'
import { payload, signalRaw } from './raw-messages.js'
import { recordHistory } from './record-history.js'

let tidemark: Installation

beforeAll(async () => {
  tidemark = await startInstallation({ 'tidemark.history-events-per-run': '100' })
  await tidemark.startWorker()
})
afterAll(() => tidemark.close())

test('run after run takes over tasks that never stop', async () => {
  const output = join(tidemark.dir, 'out')
  const handle = await tidemark.start('long', {
    definition: 'ticks',
    args: { output, rate: 1_000 },
    checkpointing: { interval: 100, numRetained: 1_000 },
  })
  const current = tidemark.client.workflow.getHandle('long')
  const runs = new Set<string>()
  // Asking without a pause does not keep a run from ending: the answer is then to ask the next one.
  const reasons = new Set<string>()
  const broken = payload('json/plain', new Uint8Array([0x7b, 0xff, 0xfe]))
  while (runs.size < 4) {
    await signalRaw(tidemark.client, current, 'cancel', [broken])
    const outcome = await current.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
    if (outcome.state === 'failed') reasons.add(outcome.reason)
    runs.add((await current.describe()).runId)
  }
  // What nobody can read is noted, and its note goes from run to run.
  const { notices } = await status(current)
  expect(notices).toHaveLength(5)
  for (const notice of notices) expect(notice).toMatch(/not an unreadable payload of 3 bytes/)
  for (const reason of reasons) expect(reason).toMatch(/goes on as a new run/)
  expect(await current.executeUpdate('cancel', { args: ['RETAIN'] })).toMatchObject({ retention: 'retained' })

  await recordHistory(tidemark.client, 'continue-as-new', handle, 2)

  const log = tidemark.log('long', handle.firstExecutionRunId)
  const { snapshots } = await log.snapshots()
  expect(new Set(snapshots.map((snapshot) => snapshot.attempt))).toEqual(new Set([1]))
  // Each run is an owner of its own, and numbers have no holes that a claim does not fill.
  expect(new Set(snapshots.map((snapshot) => snapshot.owner.run)).size).toBeGreaterThanOrEqual(3)
  const newest = (await log.observe()).newest as LogEntry
  expect(newest.kind).toBe('closed')
  expect(newest.alive).toEqual(snapshots.map((snapshot) => snapshot.number))

  const ticks = await committed<{ i: number; count: number }>(output)
  expect(ticks.map((tick) => tick.i)).toEqual(ticks.map((_, index) => index))
  expect(ticks.every((tick) => tick.count === Math.floor(tick.i / 5) + 1)).toBe(true)
  expect(snapshots.at(-1)?.tasks[0]?.recordsRead).toBe(ticks.length)
})
