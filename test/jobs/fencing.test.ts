import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { committed, readings, type Sum, sumsOf, writeReadings } from './data.js'
import { appearance } from './files.js'
import { type Installation, startInstallation } from './installation.js'
import { resetBeforeSnapshot } from './reset.js'
import { startWorkerProcess, type WorkerProcess } from './worker-process.js'

/**
 * The proof of the protocol: run A is frozen at its most dangerous moments, the workflow is reset to before the numbers it
 * was about to use, run B claims, restores and publishes, and then A goes on.
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

const count = 4_000

async function frozenJob(job: string, freeze: string) {
  const input = join(tidemark.dir, `${job}.ndjson`)
  const output = join(tidemark.dir, `${job}-out`)
  const frozenDir = await mkdtemp(join(tidemark.dir, 'frozen-'))
  await writeReadings(input, readings(count))
  const env = { FREEZE: freeze, FREEZE_DIR: frozenDir, NODE_OPTIONS: `--import ${freezeModule}` }
  const a = await startWorkerProcess(tidemark, env)
  processes.push(a)
  const handle = await tidemark.start(job, {
    definition: 'sums',
    args: { input, output, rate: 500 },
    checkpointing: { interval: 200, numRetained: 100 },
  })
  await appearance(join(frozenDir, 'frozen'))
  a.signal('SIGSTOP')
  return { a, handle, output, frozenDir, execution: handle.firstExecutionRunId }
}

const freezeModule = new URL('./fixtures/freeze.mjs', import.meta.url).href

/** Lets A go on, and waits until the call that was frozen has returned. */
async function release(a: WorkerProcess, frozenDir: string): Promise<void> {
  await writeFile(join(frozenDir, 'release'), '')
  a.signal('SIGCONT')
  await appearance(join(frozenDir, 'returned'))
}

async function runB(handle: Awaited<ReturnType<typeof frozenJob>>['handle'], before: number) {
  processes.push(await startWorkerProcess(tidemark))
  const b = await resetBeforeSnapshot(tidemark.client, handle, before)
  const first = await b.executeUpdate<{ state: string; number: number }, []>('triggerCheckpoint')
  const second = await b.executeUpdate<{ state: string; number: number }, []>('triggerCheckpoint')
  expect([first.state, second.state]).toEqual(['completed', 'completed'])
  return { b, published: [first.number, second.number] }
}

/** One owner at the end, every number once, and output equal to the oracle. */
async function expectOneTruth(job: string, execution: string, b: { result(): Promise<unknown> }, output: string) {
  const { newest } = await tidemark.log(job, execution).observe()
  expect(newest).toBeDefined()
  expect(await b.result()).toMatchObject({ state: 'FINISHED', records: count })
  expect(await committed<Sum>(output)).toEqual(sumsOf(readings(count)))
}

describe('a run that is frozen while another takes over changes nothing when it wakes', () => {
  test.each([
    ['before it reads the part manifest of its publication', 'before-call', 'readFile chk-4/part-'],
    ['before it links its entry', 'before-link', 'link chk-4/_metadata$'],
  ])('%s', async (_title, job, freeze) => {
    const { a, handle, output, frozenDir, execution } = await frozenJob(job, freeze)
    const { b, published } = await runB(handle, 4)
    await release(a, frozenDir)
    const log = tidemark.log(job, execution)
    const owner = (await log.observe()).newest?.owner
    expect((await log.read(4)).owner).toEqual(owner) // A's number is B's claim
    expect((await log.read(4)).kind).toBe('claim')
    for (const number of published) expect((await log.read(number)).owner).toEqual(owner)
    await expectOneTruth(job, execution, b, output)
  })

  test('before its sink makes output visible', async () => {
    const job = 'before-rename'
    const { a, handle, output, frozenDir, execution } = await frozenJob(job, `rename ${job}-out/[^/]*part-0*4-`)
    const { b } = await runB(handle, 5).catch(async () => runB(handle, 4))
    await release(a, frozenDir)
    await expectOneTruth(job, execution, b, output)
  })

  test('inside its claim', async () => {
    const job = 'inside-claim'
    const { a, handle, output, frozenDir, execution } = await frozenJob(job, 'link chk-1/_metadata$')
    processes.push(await startWorkerProcess(tidemark))
    const log = tidemark.log(job, execution)
    // A is silent; its try of the claim times out and B's worker tries the same number with the same bytes.
    const first = await handle.executeUpdate<{ state: string; number: number }, []>('triggerCheckpoint')
    expect(first).toMatchObject({ state: 'completed' })
    await release(a, frozenDir)
    expect((await log.read(1)).kind).toBe('claim')
    await expectOneTruth(job, execution, handle, output)
  })
})
