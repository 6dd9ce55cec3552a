import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { expectOneTruth, frozenJob, publishTwice, rewind } from './frozen-job.js'
import { type Installation, startInstallation } from './installation.js'
import { resetBefore } from './reset.js'
import type { WorkerProcess } from './worker-process.js'

/**
 * The proof of the protocol: run A is frozen at its most dangerous moments, the workflow is reset to before the numbers it
 * was about to use, run B claims, restores and publishes, and then A goes on. The same for a sink is in test/heavy.
 */
let tidemark: Installation
const processes: WorkerProcess[] = []

beforeAll(async () => {
  tidemark = await startInstallation({
    'state.checkpoints.dir': './metadata',
    'state.backend.fs.checkpointdir': './state',
  })
})
afterEach(() => Promise.all(processes.splice(0).map((process) => process.kill())))
afterAll(() => tidemark.close())

describe('a run that is frozen while another takes over changes nothing when it wakes', () => {
  test.each<[string, string, Parameters<typeof frozenJob>[2]]>([
    ['before it writes its entry', 'before-write', { ops: ['write'], path: /chk-4\/\.tmp-/ }],
    ['before it links its entry', 'before-link', { ops: ['link'], path: /chk-4\/_metadata$/ }],
  ])('%s', async (_title, job, freeze) => {
    const frozen = await frozenJob(tidemark, job, freeze)
    processes.push(frozen.a)
    const published = await rewind(tidemark, frozen, 4)
    await frozen.release()
    const log = tidemark.log(job, frozen.execution)
    const { newest } = await log.observe()
    // A's number was B's claim. Where that entry is already discarded A's bytes may lie there, but they do not exist.
    expect(newest?.owner.claim).toBe(4)
    expect(newest?.alive).not.toContain(4)
    const { snapshots } = await log.snapshots()
    for (const number of published) {
      expect(snapshots.find((snapshot) => snapshot.number === number)?.owner).toEqual(newest?.owner)
    }
    expect(snapshots.filter((snapshot) => snapshot.number < 4).every(({ owner }) => owner.claim === 1)).toBe(true)
    await expectOneTruth(tidemark, frozen)
  })

  test('inside its claim', async () => {
    const frozen = await frozenJob(tidemark, 'inside-claim', { ops: ['link'], path: /chk-1\/_metadata$/ })
    processes.push(frozen.a)
    const b = await resetBefore(tidemark.client, frozen.handle, 'claim')
    const published = await publishTwice(b)
    await frozen.release()
    const { newest } = await tidemark.log('inside-claim', frozen.execution).observe()
    expect(newest?.owner).toEqual({ claim: 1, run: (await b.describe()).runId })
    expect(newest?.alive).toEqual(expect.arrayContaining(published))
    await expectOneTruth(tidemark, frozen)
  })
})
