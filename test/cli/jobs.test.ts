/** The verbs on a real server, with real jobs; each command in a process of its own. */
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SnapshotEntry } from '../../src/checkpoint/entry.js'
import { stateFilesOf } from '../../src/checkpoint/state-handle.js'
import type { FoundExecution } from '../../src/cli/find-checkpoints.js'
import type { JobReport } from '../../src/cli/render/status.js'
import type { JobSummary } from '../../src/client/index.js'
import { committed, readings, sumsOf, writeReadings } from '../jobs/data.js'
import { newNamespace, temporalEnvironment } from '../support/namespace.js'
import { endAll, type Running, type Shell, spawnTidemark, tidemark } from './command.js'

const jobsFile = fileURLToPath(new URL('../jobs/fixtures/jobs.mjs', import.meta.url))

let shell: Shell
let worker: Running

beforeAll(async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'tidemark-cli-'))
  // A machine that stands still for a moment loses no host.
  const env = { TIDEMARK_CONF_DIR: '', TIDEMARK_HEARTBEAT_TIMEOUT: '15s' }
  shell = { cwd, env: { ...temporalEnvironment(await newNamespace()), ...env } }
  await startWorker()
})

afterAll(async () => {
  await endAll()
  if (shell) await rm(shell.cwd, { recursive: true, force: true })
})

async function startWorker(): Promise<void> {
  worker = spawnTidemark(shell, 'worker', jobsFile)
  await worker.until(/^ready: worker \S+ of the Temporal server at \S+ has .*sums, ticks$/m)
}

const run = (...args: string[]) => tidemark(shell, ...args)
const follow = (...args: string[]) => spawnTidemark(shell, ...args)

async function json<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await run(...args, '--json')
  if (code !== 0) throw new Error(err)
  return JSON.parse(out) as T
}

/** Starts the job without end, and resolves when it has checkpoints. */
async function startTicks(id: string, ...options: string[]): Promise<Running> {
  const args = JSON.stringify({ output: join(shell.cwd, id), rate: 200 })
  const following = follow('run', 'ticks', '--id', id, '--args', args, '--interval', '200ms', ...options)
  await following.until(/^chk-\d+ .*\nchk-\d+ /m)
  return following
}

describe('run', () => {
  it('follows a job to its end, and tells the story in lines', async () => {
    const input = join(shell.cwd, 'input.ndjson')
    const output = join(shell.cwd, 'sums')
    const records = readings(300)
    await writeReadings(input, records)
    await writeFile(join(shell.cwd, 'args.json'), JSON.stringify({ input, output, rate: 70 }))
    const { code, out, err } = await follow('run', 'sums', '--args', '@args.json', '--interval', '300ms').ended
    expect({ code, err }).toEqual({ code: 0, err: '' })
    // On a slow machine it is said that a worker is waited for.
    const lines = out
      .replace(/^(INITIALIZING|CREATED) .*\n/gm, '')
      .trimEnd()
      .split('\n')
    expect(lines[0]).toMatch(/^Started job sums, execution [0-9a-f]{8}-[0-9a-f]{4}\.$/)
    expect(lines[1]).toMatch(/^RUNNING attempt 1 on \S+: exactly-once, a checkpoint every 300ms$/)
    expect(lines[2]).toBe('  reads input.ndjson at byte 0 (line 1)')
    expect(lines.at(-2)).toMatch(/^chk-\d+ +300 records {2}\S+ k?B.* in .*s$/)
    expect(lines.at(-1)).toMatch(/^FINISHED 300 records, \d+ checkpoints?, no restarts\. No checkpoint is kept\.$/)
    expect(out).not.toContain('\u001b')
    expect(await committed(output)).toEqual(sumsOf(records))
  })

  it('fails with the faults of the arguments, from the definition itself', async () => {
    const { code, out, err } = await run('run', 'sums', '--id', 'faulty', '--args', '{"input": 3}')
    expect(code).toBe(1)
    expect(out).toMatch(/^Started job faulty/)
    expect(err).toMatch(/^FAILED .*args\.input: .*args\.output: /)
    const detached = await run('run', 'sums', '--id', 'faulty', '--args', '{"input": 3}', '-d')
    expect({ code: detached.code, err: detached.err }).toEqual({ code: 1, err })
  })

  it('starts a job that no worker has, and says so', async () => {
    const { code, err } = await run('run', 'sum', '-d')
    expect(code).toBe(0)
    expect(err).toBe('No worker has the definition "sum": the job waits until "tidemark worker FILE" brings one.\n')
    const status = await run('status', 'sum')
    expect(status.out).toContain('Waiting for a worker that has "sum" and a free slot to start attempt 1.')
    expect((await run('cancel', 'sum')).out).toBe('Cancelled sum; no checkpoint is kept.\n')
  })

  it('ends with 3 when somebody cancels the job', async () => {
    const following = await startTicks('cancelled')
    expect((await run('cancel', 'cancelled', '--delete')).out).toBe('Cancelled cancelled; no checkpoint is kept.\n')
    const { code, out } = await following.ended
    expect(code).toBe(3)
    expect(out).toMatch(/\nCANCELED No checkpoint is kept\.\n$/)
  })
})

describe('a job from its start to its fork', () => {
  const id = 'story'
  let kept: readonly number[]

  it('runs on when Ctrl-C ends the following', async () => {
    const following = await startTicks(id)
    following.signal('SIGINT')
    const { code, out } = await following.ended
    expect(code).toBe(130)
    expect(out).toMatch(
      /Detached: the job runs on\. "tidemark attach story" comes back to it, "tidemark cancel story" ends it\.\n$/,
    )
  })

  it('is in the list and has a status', async () => {
    const { out } = await run('list')
    expect(out).toMatch(/^JOB +DEFINITION +STATE .*\n(.*\n)*story +ticks +RUNNING /)
    const listed = await json<JobSummary[]>('list')
    expect(listed.find((job) => job.id === id)).toMatchObject({ definition: 'ticks', state: 'RUNNING', running: true })
    const report = await json<JobReport>('status', id)
    expect(report.status).toMatchObject({ state: 'RUNNING', checkpointing: 'every 200ms', attempt: 1 })
    expect(report.status?.deployment).toMatchObject({ guarantee: 'exactly-once' })
    expect(report.checkpoints?.retained.length).toBeGreaterThanOrEqual(2)
    expect((await run('status', id)).out).toMatch(
      /^story RUNNING\n( {2}.*\n)+ {2}latest +chk-\d+, .*\n +file:\/\/.*chk-\d+\n/,
    )
  })

  it('can be joined again, and checkpointed', async () => {
    const joined = follow('attach', id)
    await joined.until(/^RUNNING attempt 1 on \S+: exactly-once, a checkpoint every 200ms\n(.*\n)*chk-\d+ /m)
    joined.signal('SIGTERM')
    expect((await joined.ended).code).toBe(130)
    expect((await run('checkpoint', id)).out).toMatch(/^chk-\d+ +[\d,]+ records .*\n$/)
  })

  it('is not started twice', async () => {
    expect(await run('run', 'ticks', '--id', id)).toEqual({
      code: 1,
      out: '',
      err: 'tidemark: Job "story" is already running: cancel it first, or start this one under another id.\n',
    })
  })

  it('is cancelled with what stays', async () => {
    const { code, out } = await run('cancel', id, '--retain')
    expect(code).toBe(0)
    const match = /^Cancelled story; kept: (.*); "tidemark resume story" goes on from there\.\n$/.exec(out)
    kept = [...String(match?.[1]).matchAll(/chk-(\d+)/g)].map((found) => Number(found[1]))
    expect(kept.length).toBe(3)
    const again = await run('cancel', id)
    expect(again).toEqual({
      code: 1,
      out: '',
      err: 'tidemark: Job "story" cannot be cancelled: the job has already ended as CANCELED.\n',
    })
    expect((await run('attach', id)).out).toMatch(/^The job has ended\. CANCELED Kept: chk-/)
  })

  it('keeps checkpoints that are listed, inspected and verified with no Temporal at all', async () => {
    const alone = { ...shell, env: { ...shell.env, TEMPORAL_ADDRESS: '127.0.0.1:1' } }
    const { out } = await tidemark(alone, 'checkpoints', 'ls', id, '--json')
    const [found] = JSON.parse(out) as FoundExecution[]
    expect(found).toMatchObject({ job: id, definition: 'ticks', state: 'closed', ending: 'CANCELED', damaged: [] })
    expect(found?.checkpoints.map(({ number }) => number)).toEqual(kept)
    const last = found?.checkpoints.at(-1)?.uri ?? ''
    const directory = await tidemark(alone, 'checkpoints', 'ls', join(shell.cwd, '.tidemark/checkpoints/story'))
    expect(directory.out).toMatch(/^story execution .* ended CANCELED\n {2}in file:.*\n {2}CHECKPOINT/)
    const entry = JSON.parse((await tidemark(alone, 'checkpoints', 'inspect', last, '--json')).out) as SnapshotEntry
    expect(entry).toMatchObject({ kind: 'checkpoint', job: id, number: kept.at(-1) })
    expect((await tidemark(alone, 'checkpoints', 'inspect', id)).out).toMatch(
      /^checkpoint \d+ of job story\n(.*\n)*Operators\n(.*\n)* {2}count +stateful +1\n(.*\n)*State\n(.*\n)* {2}count +in the metadata +\d+ B +\d+\n/,
    )
    const verified = await tidemark(alone, 'checkpoints', 'verify', id)
    expect(verified).toMatchObject({ code: 0, err: '' })
    expect(verified.out.match(/^ok {7}file:\/\/.*chk-\d+: \d+ files?, /gm)?.length).toBe(3)
    const list = await tidemark(alone, 'list')
    expect(list).toEqual({
      code: 1,
      out: '',
      err: 'tidemark: No Temporal server answers at 127.0.0.1:1: start it, or correct TEMPORAL_ADDRESS.\n',
    })
  })

  it('does not begin without its state unless that is asked for', async () => {
    const { code, err } = await run('run', 'ticks', '--id', id, '--args', '{"output": "story", "rate": 1}')
    expect(code).toBe(1)
    expect(err).toMatch(
      /^FAILED Job "story" has checkpoints of an earlier execution \(chk-.*"tidemark resume story".*--from none\.\n$/,
    )
  })

  it('resumes with what it was asked to do, from the checkpoint that was chosen', async () => {
    // Two checkpoints of it are damaged below: in the newest a state file, in the other a part.
    const files = '{"checkpointing":{"dataInlineThreshold":0}}'
    const resumed = follow('resume', id, '--from', `chk-${kept[0]}`, '--interval', '300ms', '--spec', files)
    await resumed.until(
      /^RUNNING attempt 1 .* a checkpoint every 300ms, after [\d,]+ records\n {2}goes on with .*\n(.*\n)*chk-.*\n(.*\n)*chk-/m,
    )
    resumed.signal('SIGINT')
    await resumed.ended
    const { status } = await json<JobReport>('status', id)
    expect(status?.restoredFrom).toMatch(new RegExp(`/chk-${kept[0]}$`))
    expect((await run('cancel', id)).code).toBe(0)
  })

  it('is forked with an output of its own, from the checkpoint of another', async () => {
    const output = join(shell.cwd, 'fork-output')
    const { code, out } = await run('fork', id, 'fork', '--args', JSON.stringify({ output }), '-d')
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^Started job fork from file:.*\n"tidemark attach fork"/),
    })
    await follow('attach', 'fork').until(/^RUNNING .*after [\d,]+ records/m)
    expect((await run('cancel', 'fork', '--delete')).code).toBe(0)
    expect((await readdir(output)).length).toBeGreaterThan(0)
  })

  it('starts again without its state when asked', async () => {
    const fresh = follow('resume', id, '--fresh')
    await fresh.until(/^RUNNING attempt 1 on \S+: exactly-once, a checkpoint every \S+\n {2}reads /m)
    expect((await run('cancel', id, '--delete')).code).toBe(0)
    expect((await fresh.ended).code).toBe(3)
  })

  it('tells a damaged checkpoint from a whole one', async () => {
    const found = (await json<FoundExecution[]>('checkpoints', 'ls', id)).at(-1)
    const uri = found?.checkpoints.at(-1)?.uri ?? ''
    const { tasks } = await json<SnapshotEntry>('checkpoints', 'inspect', uri)
    const name = stateFilesOf(tasks).at(-1)?.path ?? ''
    await appendFile(join(fileURLToPath(uri), '..', name), 'x')
    const { code, err } = await run('checkpoints', 'verify', uri)
    expect(code).toBe(1)
    expect(err).toContain(`damaged  ${uri}: `)
    expect(err).toContain(name)
    const resumed = await run('resume', id, '--from', uri)
    expect(resumed.code).toBe(1)
    expect(resumed.err).toMatch(/^FAILED Checkpoint .* cannot be restored: .*\n$/)
    expect(resumed.err).toMatch(
      / The newest valid one is file:\S+\/chk-\d+, after \d+ records: .*"tidemark resume story --fallback"/,
    )
    await appendFile(join(fileURLToPath(uri), '_metadata'), 'x')
    expect((await run('checkpoints', 'verify', uri)).err).toMatch(/^damaged {2}file:.*_metadata is damaged: /)

    // Of the whole job: a line for each problem, and what is whole is told too.
    const before = found?.checkpoints.at(-2)?.uri ?? ''
    const part = 'part-1-a-host.json'
    await writeFile(join(fileURLToPath(before), part), 'x')
    const whole = await run('checkpoints', 'verify', id)
    expect(whole.code).toBe(1)
    expect(whole.err.trimEnd().split('\n')).toEqual([
      expect.stringMatching(
        new RegExp(`^damaged  ${before}: .*${part} is damaged: .*; a restore does not need it\\.$`),
      ),
      expect.stringMatching(new RegExp(`^damaged  ${uri}: .*_metadata is damaged: `)),
    ])
    const report = await run('checkpoints', 'verify', id, '--json')
    expect(report.code).toBe(1)
    expect(JSON.parse(report.out)).toContainEqual(expect.objectContaining({ uri, ok: false, files: 0 }))
  })

  it('goes back to an older one when asked, and says to the end what it passed over', async () => {
    const found = (await json<FoundExecution[]>('checkpoints', 'ls', id)).find(({ damaged }) => damaged.length > 0)
    const uri = `${found?.uri}/chk-${found?.damaged.at(-1)?.number}`
    const refused = await run('resume', id, '--from', uri)
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('"tidemark resume story --fallback"') })
    const resumed = follow('resume', id, '--from', uri, '--fallback', '--interval', '300ms')
    await resumed.until(/^RUNNING attempt 1 .*after [\d,]+ records\n(.*\n)*chk-/m)
    expect((await run('status', id)).out).toMatch(new RegExp(`^ {2}skipped +${uri}: .*_metadata is damaged`, 'm'))
    expect((await run('cancel', id, '--retain')).code).toBe(0)
    const { err } = await resumed.ended
    expect(err + resumed.printed()).toMatch(/It fell back to file:\S+, since these are damaged: file:/)
    expect((await run('checkpoints', 'inspect', id)).out).toMatch(/^ {2}began from +file:.*\n {2}skipped +file:/m)
  })
})

describe('without a worker', () => {
  // The cancel waits some seconds for an answer, and the next worker for the host that is gone.
  it('a job shows what it last recorded, and a cancel waits for the next worker', { timeout: 120_000 }, async () => {
    const following = await startTicks('orphan')
    following.signal('SIGINT')
    await following.ended
    worker.signal('SIGKILL')
    await worker.ended
    const status = await run('status', 'orphan')
    expect(status.code).toBe(0)
    expect(status.out).toMatch(/^orphan RUNNING\n {2}doing +Running\./)
    expect(status.err).toBe('No worker answers: this is what the job last recorded.\n')
    expect((await run('list')).out).toMatch(/^orphan +ticks +RUNNING/m)
    const { code, err } = await run('cancel', 'orphan', '--retain')
    expect(code).toBe(1)
    expect(err).toMatch(/^tidemark: Job "orphan" is not cancelled yet, since no worker answers: word is left/)
    const following2 = follow('attach', 'orphan')
    await startWorker()
    expect((await following2.ended).code).toBe(3)
    const { outcome } = await json<JobReport>('status', 'orphan')
    expect(outcome).toMatchObject({ state: 'CANCELED', kept: expect.arrayContaining([expect.any(Number)]) })
  })
})

it('names a job that is not there', async () => {
  for (const verb of ['status', 'attach', 'cancel', 'checkpoint']) {
    expect(await run(verb, 'nobody')).toEqual({
      code: 1,
      out: '',
      err: 'tidemark: There is no job "nobody" on this Temporal server: "tidemark list --all" shows those that are.\n',
    })
  }
  expect((await run('resume', 'nobody')).err).toMatch(
    /^tidemark: Nothing can be restored from latest: job "nobody" has no checkpoint/,
  )
})

it('a worker that is told to stop hands over and ends with 0', async () => {
  worker.signal('SIGTERM')
  const { code, err } = await worker.ended
  expect(code).toBe(0)
  expect(err).toContain('Stopping: jobs take a last checkpoint and go on where a worker is.')
})
