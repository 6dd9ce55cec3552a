import { mkdtempSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { type CheckpointsView, type JobRequest, TidemarkClient } from '../src/client/index.js'
import { startDevServer } from '../src/temporal/dev-server.js'
import { claimPort } from '../src/temporal/free-port.js'
import { spawnKept } from '../src/temporal/keeper.js'
import type { Surroundings } from './benchmark.js'
import { ready } from './processes.js'

const cli = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url))

/** What a user has: a Temporal server, a worker as it ships, and the public client. */
export interface Installation {
  readonly tidemark: TidemarkClient
  readonly temporal: Client
  /** URI of the directory of the checkpoints. */
  readonly checkpoints: string
  /** Of the server: `host:port`. */
  readonly address: string
  /** Heartbeats of activities that the server has got up to now. */
  heartbeats(): Promise<number>
  /** Process groups. */
  readonly pids: { readonly server: number; readonly worker: number }
  /** Starts another worker beside the first one. */
  addWorker(): Promise<void>
}

/**
 * @param configuration lines of `tidemark.yaml` besides the directory of the checkpoints
 * @param checkpoints that directory, if not below the benchmark's own
 */
export async function install(
  { directory, log, onClose }: Surroundings,
  jobFiles: readonly string[],
  configuration: readonly string[] = [],
  checkpoints = 'checkpoints',
): Promise<Installation> {
  const home = mkdtempSync(`${directory}/tidemark-`)
  writeFileSync(`${home}/tidemark.yaml`, [`state.checkpoints.dir: ${checkpoints}`, ...configuration, ''].join('\n'))
  writeFileSync(`${home}/temporal.toml`, '[profile.default]\n')
  const metricsPort = await claimPort(undefined, '127.0.0.1', 'the metrics of the Temporal server')
  const server = await startDevServer({ log, headless: true, metricsPort })
  onClose(() => server.stop())
  const startWorker = async (): Promise<number> => {
    const worker = await spawnKept(process.execPath, [cli, 'worker', ...jobFiles], {
      graceSeconds: 10,
      cwd: home,
      env: {
        ...withoutOurs(process.env),
        TEMPORAL_ADDRESS: server.address,
        TEMPORAL_CONFIG_FILE: `${home}/temporal.toml`,
      },
    })
    onClose(async () => {
      worker.release()
      await worker.exited
    })
    await ready(worker)
    return worker.pid
  }
  const pids = { server: server.pid, worker: await startWorker() }
  const addWorker = async () => void (await startWorker())
  const connection = await Connection.connect({ address: server.address })
  onClose(() => connection.close())
  const temporal = new Client({ connection })
  const heartbeats = () => heartbeatsAt(`http://127.0.0.1:${metricsPort}/metrics`)
  return {
    temporal,
    address: server.address,
    checkpoints: pathToFileURL(resolve(home, checkpoints)).href,
    tidemark: new TidemarkClient(temporal),
    heartbeats,
    pids,
    addWorker,
  }
}

export interface StreamedJob {
  /** From the end of the deployment to the last record, milliseconds, by Temporal's clock. */
  readonly streamedMs: number
  /** By each checkpoint that it tells of, bytes. */
  readonly written: readonly number[]
}

let started = 0

/** Runs a bounded job to its end. What starting it costs is not in the figure, as it is not in Flink's. */
export async function runToEnd({ tidemark, temporal }: Installation, request: JobRequest): Promise<StreamedJob> {
  const id = `bench-${started++}`
  const job = await tidemark.start({ ...request, restore: { from: 'none' } }, { id })
  const result = await job.result()
  if (result.state !== 'FINISHED') throw new Error(`Job ${id} ended as ${result.state}: ${JSON.stringify(result)}`)
  const { events } = await temporal.workflow.getHandle(id).fetchHistory()
  const scheduled = new Map<string, string>()
  const completed = new Map<string, number>()
  for (const event of events ?? []) {
    const name = event.activityTaskScheduledEventAttributes?.activityType?.name
    if (name) scheduled.set(String(event.eventId), name)
    const done = scheduled.get(String(event.activityTaskCompletedEventAttributes?.scheduledEventId))
    const { seconds, nanos } = event.eventTime ?? {}
    if (done !== undefined) completed.set(done, Number(seconds) * 1000 + (nanos ?? 0) / 1e6)
  }
  const streamedMs = (completed.get('supervise') ?? Number.NaN) - (completed.get('deploy') ?? Number.NaN)
  const { history } = await job.checkpoints()
  return { streamedMs, written: history.map(({ size }) => size) }
}

export interface TicksOptions {
  readonly intervalMs: number
  /** Checkpoints to wait for. */
  readonly count: number
  /** Something to do before they count. */
  begun?(id: string): Promise<void>
}

/** Runs an endless `ticks` job until `count` checkpoints are complete; answers what it says of them, newest first. */
export async function checkpointsOf(
  { tidemark }: Installation,
  { intervalMs, count, begun }: TicksOptions,
): Promise<{ readonly id: string; readonly history: CheckpointsView['history'] }> {
  const id = `bench-${started++}`
  const request: JobRequest = {
    definition: 'ticks',
    checkpointing: { interval: intervalMs },
    restore: { from: 'none' },
  }
  const job = await tidemark.start(request, { id })
  await begun?.(id)
  const before = begun === undefined ? 0 : (await job.checkpoints()).counts.completed
  for (;;) {
    await pause(1000)
    const { counts, history } = await job.checkpoints()
    if (counts.failed > 0) throw new Error(`A checkpoint of job ${id} failed: ${JSON.stringify(history)}`)
    if (counts.completed < before + count) continue
    await job.cancel('DELETE')
    return { id, history }
  }
}

async function heartbeatsAt(url: string): Promise<number> {
  const lines = (await (await fetch(url)).text()).split('\n')
  const ofFrontend = ['service_requests{', 'operation="RecordActivityTaskHeartbeat"', 'service_name="frontend"']
  const counted = lines.filter((line) => ofFrontend.every((part) => line.includes(part)))
  return counted.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(TEMPORAL|TIDEMARK)_/.test(name)))
}
