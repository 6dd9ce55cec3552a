import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended } from '../jobs/endings.js'
import { type Installation, jobsFile, startInstallation } from '../jobs/installation.js'
import { startWorkerProcess, type WorkerProcess } from '../jobs/worker-process.js'
import { pythonPackage } from '../support/python-package.js'

let tidemark: Installation
let worker: WorkerProcess
let sdk: string

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))

beforeAll(async () => {
  sdk = await pythonPackage('temporalio', '1.35.0')
  // The example speaks to the namespace `default`.
  tidemark = await startInstallation({}, [jobsFile], {})
  worker = await startWorkerProcess(tidemark, {}, [jobsFile, fromHere('../../examples/first-job/first-job.ts')])
})
afterAll(async () => {
  await worker?.kill()
  await tidemark?.close()
})

async function python(...args: string[]): Promise<string> {
  const env = { ...process.env, PYTHONPATH: sdk }
  try {
    return (await promisify(execFile)('python3', args, { cwd: tidemark.dir, env })).stdout
  } catch (error) {
    // The SDK's native threads can crash an interpreter that exits, with everything said and done (temporalio/sdk-python#300).
    const { signal, stdout, stderr } = error as { signal?: string; stdout?: string; stderr?: string }
    const hasCrashedAtExit = signal === 'SIGSEGV' || stderr?.includes('Python runtime state: finalizing')
    if (hasCrashedAtExit && stdout?.endsWith('\n')) return stdout
    throw error
  }
}

test('a Python program starts, asks, updates, signals and cancels jobs by name and JSON', async () => {
  const told = JSON.parse(await python(fromHere('fixtures/talk.py'), tidemark.target.address, tidemark.dir))
  expect(told).toMatchObject({
    checkpoint: { state: 'completed', number: 2 },
    status: { job: 'py-job', definition: 'ticks', state: 'RUNNING', latest: { number: 2 } },
    checkpoints: { retained: [2], counts: { completed: 1, failed: 0 } },
    refused: expect.stringContaining('not "SOMEHOW"'),
    notices: [expect.stringContaining('not "SOMEHOW"')],
    cancel: { state: 'CANCELED', retention: 'retained', kept: [2] },
    end: 'CancelledError',
    restoredFrom: expect.stringMatching(/py-job\/[^/]+\/chk-2$/),
    resumedEnd: 'CancelledError',
    nativeEnd: 'CancelledError',
    bad: 'ApplicationError',
  })
})

test('so does the program that the README shows', async () => {
  const text = await readFile(fromHere('../../examples/python/cancel_and_resume.py'), 'utf8')
  expect(text).toContain('"127.0.0.1:7233"')
  const program = join(tidemark.dir, 'cancel_and_resume.py')
  await writeFile(program, text.replace('127.0.0.1:7233', tidemark.target.address))
  const [latest, cause, restoredFrom] = (await python(program)).trim().split('\n')
  expect(latest).toMatch(/^\{'number': \d+, 'uri': 'file:/)
  expect(cause).toMatch(/cancel/i)
  expect(restoredFrom).toMatch(/from-python\/[^/]+\/chk-\d+$/)
  expect((await ended(tidemark.client.workflow.getHandle('from-python'))).status).toBe('CANCELLED')
})
