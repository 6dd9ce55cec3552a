import { afterAll, afterEach, beforeAll, test } from 'vitest'
import { expectOneTruth, frozenJob, rewind } from '../jobs/frozen-job.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { startWorkerProcess, type WorkerProcess } from '../jobs/worker-process.js'

let tidemark: Installation
const processes: WorkerProcess[] = []

beforeAll(async () => {
  tidemark = await startInstallation({
    'state.checkpoints.dir': './metadata',
    'state.backend.fs.checkpointdir': './state',
    'tidemark.heartbeat-timeout': '3s',
  })
})
afterEach(() => Promise.all(processes.splice(0).map((process) => process.kill())))
afterAll(() => tidemark.close())

// The whole process is stopped, since a host that can be reached is told to end its tasks. What its polls had already been
// handed is lost for as long as Temporal's time-outs say.
test('before its sink makes output visible', { timeout: 150_000 }, async () => {
  const job = 'before-rename'
  const frozen = await frozenJob(tidemark, job, { ops: ['rename'], path: /before-rename-out\/part-0*4-/ })
  processes.push(frozen.a)
  frozen.a.signal('SIGSTOP')
  processes.push(await startWorkerProcess(tidemark))
  await rewind(tidemark, frozen, 4)
  frozen.a.signal('SIGCONT')
  await frozen.release()
  await expectOneTruth(tidemark, frozen)
})
