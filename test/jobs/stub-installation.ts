import { activityInfo } from '@temporalio/activity'
import { ApplicationFailure, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { Worker } from '@temporalio/worker'
import type {
  DefinitionActivities,
  HostActivities,
  NearActivities,
  StorageActivities,
} from '../../activities/contract.js'
import type { Settings } from '../../src/coordinator/state.js'
import type { SnapshotResult } from '../../src/engine/engine.js'
import { jobDefaults } from '../../src/spec/job-defaults.js'
import { resolveJobSpec } from '../../src/spec/job-spec.js'
import { dataConverter } from '../../src/temporal/data-converter.js'
import { installRuntime } from '../../src/temporal/runtime.js'
import { sinksTo } from '../../src/temporal/sinks.js'
import { definitionQueue, hostQueue } from '../../src/temporal/task-queues.js'
import { deployedOn, settingsOf } from '../coordinator/fixtures.js'
import { findTestServer } from '../support/test-server.js'
import { codePath, replay } from './replay.js'
import { runsFrom } from './runs.js'

const definition = 'stub'
const host = 'stub-host'

/** What becomes of an attempt: its tasks fail at once, or have read everything at once. */
export type Script = (attempt: number) => 'fails' | 'exhausts'

/**
 * The workflow on a server that skips time. Nothing runs for long, since the server's clock stands while an activity runs:
 * the stub engine's tasks are through as soon as they are watched. The storage remembers nothing.
 */
export interface StubInstallation {
  start(job: string, spec: Record<string, unknown>, script: Script): Promise<WorkflowHandleWithFirstExecutionRunId>
  close(): Promise<void>
}

export interface StubOptions {
  /** Hosts besides the one that takes every job whole. */
  readonly hosts?: readonly string[]
  /** What those do instead. */
  readonly deploy?: DefinitionActivities['deploy']
  readonly onHosts?: Partial<HostActivities>
  /** On the workflow's task queue, besides the work against the storage. */
  readonly near?: NearActivities
  readonly storage?: Partial<StorageActivities>
  readonly settings?: Partial<Settings>
}

export async function startStubInstallation(options: StubOptions = {}): Promise<StubInstallation> {
  const { hosts = [], deploy = deployer.deploy, onHosts = {}, near = {}, settings = {} } = options
  installRuntime()
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await findTestServer() } },
    client: { dataConverter },
  })
  const scripts = new Map<string, Script>()
  const jobs: WorkflowHandleWithFirstExecutionRunId[] = []
  const connection = env.nativeConnection
  const common = { connection, dataConverter, namespace: 'default' }
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: 'stub',
      workflowBundle: { codePath },
      activities: { ...storageOf(settings), ...options.storage, ...near },
      sinks: sinksTo(),
    }),
    Worker.create({ ...common, taskQueue: definitionQueue(definition), activities: { ...deployer, deploy } }),
    ...[host, ...hosts].map((name) =>
      Worker.create({ ...common, taskQueue: hostQueue(name), activities: { ...hostOf(scripts), ...onHosts } }),
    ),
  ])
  const runs = workers.map((worker) => worker.run())
  return {
    async start(workflowId, spec, script) {
      scripts.set(workflowId, script)
      const args = [{ definition, ...spec }]
      const job = await env.client.workflow.start('streamJob', { workflowId, taskQueue: 'stub', args })
      jobs.push(job)
      return job
    },
    async close() {
      try {
        // This server cannot list its workflows.
        for (const job of jobs) {
          for await (const { events } of runsFrom(env.client, job.workflowId, job.firstExecutionRunId)) {
            await replay([{ workflowId: job.workflowId, history: { events } }])
          }
        }
      } finally {
        for (const worker of workers) worker.shutdown()
        await Promise.all(runs)
        await env.teardown()
      }
    },
  }
}

const storageOf = (settings: Partial<Settings>): StorageActivities => ({
  open: async ({ spec }) => ({
    spec: resolveJobSpec(spec, { jobDefaults }),
    settings: settingsOf({ settings }),
    statistics: [],
  }),
  observe: async () => null,
  claim: async () => ({ outcome: 'claimed', run: activityInfo().workflowExecution?.runId ?? '' }),
  resolveRestorePoint: async () => ({}),
  writeMetadata: async () => {},
  writeAborted: async () => ({ outcome: 'aborted' }),
  writeClosed: async () => {},
  discard: async () => ({ deleted: 0 }),
  cleanUp: async () => ({ deleted: 0 }),
  requestCancellation: async () => {},
  goToAnyWorker: async () => {},
})

const deployer: DefinitionActivities = {
  deploy: async () => deployedOn(host),
  finishOutput: async () => ({ through: 0 }),
  finishEndedOutput: async () => ({ finished: false }),
}

export const snapshot: SnapshotResult = {
  part: { path: 'part', size: 0, checksum: '' },
  final: true,
  records: 1,
  size: 0,
  fullSize: 0,
  pauseMs: 0,
  commits: 0,
  completedAt: 0,
}

function hostOf(scripts: ReadonlyMap<string, Script>): HostActivities {
  const never = async () => {
    throw ApplicationFailure.nonRetryable('every job fits one host here', 'InvariantBroken')
  }
  return {
    holdSlots: never,
    keepSlots: never,
    prepareTasks: never,
    startTasks: never,
    adopt: async () => {},
    snapshot: async () => snapshot,
    takeCheckpoint: async () => ({
      snapshot,
      done: 'commit',
      tookMs: {},
      undiscarded: false,
    }),
    commit: async () => {},
    stopTasks: async () => {},
    holdHost: async () => {},
    async supervise({ job, attempt }) {
      if (scripts.get(job)?.(attempt) === 'exhausts') return { kind: 'exhausted' }
      throw ApplicationFailure.nonRetryable(`attempt ${attempt} failed`, 'TaskFailed')
    },
  }
}
