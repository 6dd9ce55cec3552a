/** The collector where checkpoints are on another machine: what is unreachable goes, what is kept stays, and every deed has its line. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { executionFolder, stateFilePath } from '../../src/checkpoint/paths.js'
import { type CollectReport, readAudit, verifySnapshot } from '../../src/checkpoint-store/index.js'
import { openStorage, type Storage } from '../../src/storage/index.js'
import type { CollectionResult } from '../../workflows/collect-garbage.js'
import { tidemark as command, type Ended, endAll, type Shell, spawnTidemark } from '../cli/command.js'
import { readings, writeReadings } from '../jobs/data.js'
import { untilDiscarded } from '../jobs/discarded.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint, checkpointCovering } from '../jobs/messages-to-jobs.js'
import { type FaultPlan, FaultProxy } from '../support/fault-proxy.js'
import { temporalEnvironment } from '../support/namespace.js'
import { hdfsRefusal } from '../support/servers/hdfs/hdfs-answers.js'
import { type HdfsServer, startHdfs, writeHadoopFile } from '../support/servers/hdfs/hdfs-server.js'
import { startMinio } from '../support/servers/minio.js'
import { s3Refusal } from '../support/servers/s3-answers.js'
import { createBucket, type S3Server } from '../support/servers/s3-server.js'

let s3: S3Server
let hdfs: HdfsServer
let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tidemark-gc-remote-'))
  ;[s3, hdfs] = await Promise.all([startMinio(), startHdfs()])
  Object.assign(process.env, s3.env, hdfs.env)
  await createBucket(s3, 'garbage')
})
afterAll(async () => {
  await endAll()
  await Promise.all([s3?.stop(), hdfs?.stop()])
  if (scratch) await rm(scratch, { recursive: true, force: true })
})

interface Scheme {
  readonly scheme: string
  readonly top: string
  /** Origin of the server that answers first. */
  server(): string
  /** What a process is given so that it reaches the store through a proxy. */
  through(proxy: FaultProxy): Promise<Record<string, string>>
  /** Listings pass, and every other request breaks off: the store goes away once names are known. */
  readonly onlyListings: FaultPlan
  readonly noDeletions: FaultPlan
}

const onS3: Scheme = {
  scheme: 's3',
  top: 's3://garbage',
  server: () => s3.endpoint,
  through: async ({ origin }) => ({ TIDEMARK_S3_ENDPOINT: origin }),
  onlyListings: ({ method, url }) => (method === 'GET' && url.includes('list-type=2') ? undefined : 'reset'),
  noDeletions: ({ method, url }) =>
    method === 'DELETE' || /[?&]delete\b/.test(url) ? s3Refusal(403, 'AccessDenied') : undefined,
}

const onHdfs: Scheme = {
  scheme: 'hdfs',
  top: 'hdfs:///garbage',
  server: () => `http://${hdfs.http}`,
  async through({ origin }) {
    const { host } = new URL(origin)
    const directory = join(scratch, host)
    await mkdir(directory)
    await writeHadoopFile(join(directory, 'core-site.xml'), { 'fs.defaultFS': hdfs.uri })
    await writeHadoopFile(join(directory, 'hdfs-site.xml'), { 'dfs.namenode.http-address': host })
    return { HADOOP_CONF_DIR: directory }
  },
  onlyListings: ({ url }) => (url.includes('op=LISTSTATUS') ? undefined : 'reset'),
  noDeletions: ({ url }) => (url.includes('op=DELETE') ? hdfsRefusal(403, 'AccessControlException') : undefined),
}

/** One line, of which of them made the request, why it was in vain. */
const noAnswer =
  /^tidemark: Cannot (list|read) (s3|hdfs):\/\/\S+: .*(no answer|no whole answer|cannot be reached|in time|longer).*\n$/

// At once: what hangs is waited for by both at the same time.
describe.concurrent.each([onS3, onHdfs])('tidemark gc on $scheme', (on) => {
  const records = readings(50)
  let tidemark: Installation
  let metadata: Storage
  let shell: Shell
  const proxies: FaultProxy[] = []

  beforeAll(async () => {
    // One process has one way to each kind of store, and both run in this one.
    tidemark = await startInstallation({ ...s3.configuration, 'state.checkpoints.dir': `${on.top}/checkpoints` })
    metadata = tidemark.roots.metadata
    shell = { cwd: tidemark.dir, env: { ...temporalEnvironment(tidemark.target), TIDEMARK_CONF_DIR: '' } }
  })
  afterAll(async () => {
    for (const proxy of proxies) await proxy.close()
    await tidemark?.close()
  })

  /** With two checkpoints. */
  async function start(id: string, retention: string) {
    const input = join(tidemark.dir, `${id}.ndjson`)
    await writeReadings(input, records)
    const job = await tidemark.start(id, {
      definition: 'sums',
      args: { input, output: join(tidemark.dir, `${id}-out`), follow: true },
      checkpointing: { interval: 'none', numRetained: 2, retention },
    })
    return { job, numbers: [await checkpointCovering(job, records.length), await checkpoint(job)] }
  }

  /** What an attempt that died in mid-snapshot leaves: a state file that no metadata names. */
  async function plant({ workflowId, firstExecutionRunId }: WorkflowHandleWithFirstExecutionRunId) {
    const file = { number: 1, attempt: 0, task: 0, operator: 'sum', nonce: 'dead', shared: false }
    const name = `${executionFolder(workflowId, firstExecutionRunId)}/${stateFilePath(file)}`
    await tidemark.roots.data.write(name, Buffer.from('half'))
    return name
  }

  const names = async (folder = '') => (await metadata.list(folder)).map(({ name }) => name)

  async function gc(...args: string[]): Promise<CollectReport> {
    const { code, out, err } = await command(shell, 'gc', '--json', ...args)
    expect({ code, err }, out).toEqual({ code: 0, err: '' })
    return JSON.parse(out)
  }

  /** `tidemark gc --delete` in a process that reaches the store through faults alone. */
  async function faultyGc(plan: FaultPlan): Promise<Ended> {
    const proxy = await FaultProxy.start(on.server())
    proxies.push(proxy)
    proxy.plan(plan)
    const env = { ...shell.env, ...(await on.through(proxy)) }
    const ended = await spawnTidemark({ ...shell, env }, 'gc', '--delete').ended
    expect(proxy.requests.length).toBeGreaterThan(0)
    return ended
  }

  async function expectKept(
    { workflowId, firstExecutionRunId }: WorkflowHandleWithFirstExecutionRunId,
    kept: number[],
  ) {
    const log = tidemark.log(workflowId, firstExecutionRunId)
    expect((await log.snapshots()).snapshots.map(({ number }) => number)).toEqual(kept)
    for (const number of kept) {
      const reference = { job: workflowId, execution: firstExecutionRunId, number, uri: `${log.uri}/chk-${number}` }
      expect(await verifySnapshot(reference)).toMatchObject({ ok: true })
    }
  }

  test('what is unreachable goes, what is kept stays, and every deed has its line', async () => {
    const worker = await tidemark.startWorker()
    const [keeps, drops] = await Promise.all([
      start('keeps', 'RETAIN_ON_CANCELLATION'),
      start('drops', 'NO_EXTERNALIZED_CHECKPOINTS'),
    ])
    for (const { job } of [keeps, drops]) await job.terminate('in a hurry')
    // Nothing that they have asked for is under way any more.
    await worker.shutdown({ handOver: false })
    const planted = await plant(keeps.job)
    await metadata.write('not-ours/notes.txt', Buffer.from('x'))
    // Beside the root, with a name that begins as the root's does.
    const neighbour = openStorage(`${on.top}/checkpoints-of-others`)
    await neighbour.write('a/b/chk-1/_metadata', Buffer.from('y'))
    await tidemark.startWorker()
    const runs = await start('runs', 'DELETE_ON_CANCELLATION')
    await untilDiscarded(metadata, runs.job, 2)
    const all = await names()

    // A store that does not answer, or no more, is not one where nothing is.
    const hanging = faultyGc(() => 'hang')
    const unreachable = await Promise.all([faultyGc(() => 'reset'), faultyGc(on.onlyListings)])
    for (const { code, err } of unreachable) {
      expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(noAnswer) })
    }
    expect(await names()).toEqual(all)

    // A dry run tells, and changes nothing.
    expect(await gc()).toMatchObject({ deleted: false, problems: [] })
    expect(await names()).toEqual(all)

    // Where it may close logs but not delete, it says so; what it has begun is finished later.
    const refused = await faultyGc(on.noDeletions)
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^tidemark: Cannot delete .*(AccessDenied|access is denied|AccessControlException)/),
    })
    expect(await names()).toEqual(expect.arrayContaining(all))

    const [one, other, next] = await Promise.all([gc('--delete'), gc('--delete'), checkpoint(runs.job)])
    expect(one.unknown).toEqual([`${metadata.uri}/not-ours/notes.txt`])
    expect([one.problems, other.problems]).toEqual([[], []])
    expect(await names('keeps')).not.toContain(planted)
    // What is left waits for its output to be committed, if it does: a worker's task.
    const rest = (await tidemark.client.workflow.execute('collectGarbage', {
      workflowId: 'gc',
      taskQueue: tidemark.configuration.taskQueue,
    })) as CollectionResult
    expect(rest).toMatchObject({ problems: [], outputUnfinished: [] })

    await expectKept(runs.job, [runs.numbers[1] as number, next])
    await expectKept(keeps.job, keeps.numbers)
    const log = tidemark.log('keeps', keeps.job.firstExecutionRunId)
    expect((await log.observe()).newest).toMatchObject({ kind: 'closed', ending: 'FAILED', by: 'collector' })
    expect(await names('drops')).toEqual([`drops/${drops.job.firstExecutionRunId}/_execution`])
    expect(String(await metadata.read('not-ours/notes.txt'))).toBe('x')
    expect(String(await neighbour.read('a/b/chk-1/_metadata'))).toBe('y')

    // Also of deeds whose activity was tried again meanwhile.
    const audit = await readAudit(metadata, 100)
    expect(audit.filter(({ job }) => job === 'runs')).toEqual([])
    const done = audit.filter(({ state }) => state === 'done')
    const told = new Set(done.flatMap(({ uri, files }) => files.map((file) => `${uri}/${file}`)))
    await untilDiscarded(metadata, runs.job, 2)
    const left = new Set(await names())
    // The running job discards its own.
    const gone = all.filter((name) => !left.has(name) && !name.startsWith('runs/'))
    expect(gone).toContain(planted)
    expect(gone.filter((name) => !told.has(`${metadata.uri}/${name}`))).toEqual([])

    expect(await gc('--delete')).toMatchObject({ files: 0, problems: [], audit: [] })
    expect(new Set(await names())).toEqual(left)
    expect(await hanging).toMatchObject({ code: 1, err: expect.stringMatching(noAnswer) })
    expect(await cancel(runs.job, 'DELETE')).toMatchObject({ state: 'CANCELED' })
  })
})
