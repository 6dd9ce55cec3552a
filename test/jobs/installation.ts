import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import type { WorkflowBundleOption } from '@temporalio/worker'
import { startTidemarkWorker, type TidemarkWorker } from 'tidemark/worker'
import { ExecutionLog, openRoots, type Roots } from '../../src/checkpoint-store/index.js'
import { type Configuration, loadConfiguration } from '../../src/spec/configuration.js'
import { configureStorage } from '../../src/storage/index.js'
import { type ClientConnection, connectClient } from '../../src/temporal/connection.js'
import { type DevServerOptions, startDevServer } from '../../src/temporal/dev-server.js'
import { plainTarget, type TemporalTarget } from '../../src/temporal/target.js'
import { newNamespace } from '../support/namespace.js'
import { replayAll } from './replay.js'

export const jobsFile = fileURLToPath(new URL('./fixtures/jobs.mjs', import.meta.url))

/** A namespace of the Temporal server, a directory and workers, for the jobs of one test file. */
export interface Installation {
  readonly dir: string
  readonly target: TemporalTarget
  readonly client: Client
  readonly configuration: Configuration
  readonly roots: Roots
  /** In this process. Stopped by `close`. */
  startWorker(workflows?: WorkflowBundleOption): Promise<TidemarkWorker>
  start(job: string, spec: Record<string, unknown>): Promise<WorkflowHandleWithFirstExecutionRunId>
  /** The log of the execution that a handle's run belongs to (its first run). */
  log(job: string, execution: string): ExecutionLog
  /** The build under which `close` replays; default: today's. */
  build?: WorkflowBundleOption
  /** Replays every history of the namespace, then stops everything. */
  close(): Promise<void>
}

/** A machine that stands still for a moment loses no host, where that is not what a test is about. */
const steady = { 'tidemark.heartbeat-timeout': '15s' }

/** @param ownServer how to start a server for these jobs alone; default: a namespace of the one that all test files share */
export async function startInstallation(
  keys: Record<string, string> = {},
  jobFiles: readonly string[] = [jobsFile],
  ownServer?: DevServerOptions,
): Promise<Installation> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-jobs-'))
  const yaml = Object.entries({ ...steady, ...keys }).map(([key, value]) => `${key}: ${value}\n`)
  await writeFile(join(dir, 'tidemark.yaml'), yaml.join(''))
  const configuration = loadConfiguration({ cwd: dir, env: {} })
  // For what the test itself reads; the worker sets its own.
  configureStorage(configuration.storage)
  const server = ownServer && (await startDevServer({ headless: true, ...ownServer }))
  const target = server ? plainTarget(server.address, server.namespace) : await newNamespace()
  const connected: ClientConnection = await connectClient(target)
  const workers: TidemarkWorker[] = []
  const roots = openRoots(configuration.checkpointsDir, configuration.dataDir)
  const installation: Installation = {
    dir,
    target,
    client: connected.client,
    configuration,
    roots,
    async startWorker(workflows) {
      const worker = await startTidemarkWorker({ target, configuration, jobFiles, ...(workflows && { workflows }) })
      workers.push(worker)
      return worker
    },
    start: (job, spec) =>
      connected.client.workflow.start('streamJob', {
        workflowId: job,
        taskQueue: configuration.taskQueue,
        args: [spec],
      }),
    log: (job, execution) => new ExecutionLog(roots, job, execution),
    async close() {
      try {
        await replayAll(connected.client, installation.build)
      } finally {
        await Promise.all(workers.map((worker) => worker.shutdown({ handOver: false })))
        await connected.connection.close()
        await server?.stop()
        await rm(dir, { recursive: true, force: true })
      }
    },
  }
  return installation
}
