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
    args: { input, output, rate: 400 },
    checkpointing: { interval: 200, numRetained: 100 },
  })
  await appearance(join(frozenDir, 'frozen'))
  return { a, handle, output, frozenDir, execution: handle.firstExecutionRunId }
}

const freezeModule = new URL('./fixtures/freeze.mjs', import.meta.url).href

/** Lets A go on, and waits until the call that was frozen has returned. */
async function release(frozenDir: string): Promise<void> {
  await writeFile(join(frozenDir, 'release'), '')
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
    const { handle, output, frozenDir, execution } = await frozenJob(job, freeze)
    const { b, published } = await runB(handle, 4)
    await release(frozenDir)
    const log = tidemark.log(job, execution)
    const { newest } = await log.observe()
    // A's number was B's claim. Where that entry is already discarded A's bytes may lie there, but they do not exist.
    expect(newest?.owner.claim).toBe(4)
    expect(newest?.alive).not.toContain(4)
    const { snapshots } = await log.snapshots()
    for (const number of published) {
      expect(snapshots.find((snapshot) => snapshot.number === number)?.owner).toEqual(newest?.owner)
    }
    expect(snapshots.filter((snapshot) => snapshot.number < 4).every(({ owner }) => owner.claim === 1)).toBe(true)
    await expectOneTruth(job, execution, b, output)
  })

  test('before its sink makes output visible', async () => {
    const job = 'before-rename'
    const { a, handle, output, frozenDir, execution } = await frozenJob(job, `rename ${job}-out/[^/]*part-0*4-`)
    const { b } = await runB(handle, 5).catch(async () => runB(handle, 4))
    await release(frozenDir)
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
    await release(frozenDir)
    expect((await log.read(1)).kind).toBe('claim')
    await expectOneTruth(job, execution, handle, output)
  })
})
