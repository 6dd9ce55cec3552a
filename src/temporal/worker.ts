import { type NativeConnection, Worker, type WorkerOptions, type WorkflowBundleOption } from '@temporalio/worker'
import {
  createDefinitionActivities,
  createHostActivities,
  createNearActivities,
  createStorageActivities,
  Tidying,
} from '../../activities/index.js'
import { createEmbeddedHost, type EmbeddedHost } from '../engine/embedded/index.js'
import { LogThread } from '../log-thread/index.js'
import type { Configuration } from '../spec/configuration.js'
import { configureStorage } from '../storage/index.js'
import { AskedHere } from './asked-here.js'
import { type ClientConnection, connectClient, connectNative } from './connection.js'
import { dataConverter } from './data-converter.js'
import { deploymentSlots } from './deployment-slots.js'
import { ensureSearchAttributes } from './ensure-search-attributes.js'
import { handOver } from './hand-over.js'
import { HostPresence } from './host-presence.js'
import { type Monitoring, startMonitoring } from './monitoring.js'
import { installRuntime } from './runtime.js'
import { sinksTo } from './sinks.js'
import type { TemporalTarget } from './target.js'
import { definitionQueue, hostQueue } from './task-queues.js'
import { workflowBundle } from './workflow-bundle.js'

export interface TidemarkWorkerOptions {
  readonly target: TemporalTarget
  readonly configuration: Configuration
  /** Absolute paths of the files that define jobs. */
  readonly jobFiles: readonly string[]
  readonly log?: (line: string) => void
  /** The build of the workflows; default: the one that came with this package. */
  readonly workflows?: WorkflowBundleOption
}

/** A worker process: runs the workflows of jobs, the work against the storage, and, as a task host, the jobs' tasks. */
export interface TidemarkWorker {
  readonly host: string
  readonly definitions: EmbeddedHost['definitions']
  /** Resolves after `shutdown`; rejects when a part of the worker breaks. */
  readonly finished: Promise<void>
  /**
   * Has the jobs that run here go on elsewhere, through a last checkpoint, within `tidemark.shutdown-timeout`; without `handOver` it
   * stops their tasks at once. Then stops polling and leaves nothing behind. Idempotent; a second call may shorten the first.
   */
  shutdown(options?: { readonly handOver?: boolean }): Promise<void>
}

/** Workflows kept in memory; fewer than there are jobs halves the throughput. Each costs about 1 MB at most. */
const cachedWorkflows = 1_000

/**
 * Time for one step of a workflow. The SDK's 5 s are exceeded where a machine is starved and many messages come at once; and the script that is
 * then interrupted leaves Node's own book-keeping broken, which ends the process with all its tasks. Only our code runs there, and it has no loop
 * that needs interrupting. The SDK takes the option, though its types leave it out.
 */
const patience = { isolateExecutionTimeout: '2min' }

/**
 * A workflow's tasks go to the worker that has it in memory. When that worker has died, this is how long the others wait
 * before they take over: by the SDK's default of 10 s every recovery would take so much longer. The tasks of the host's own jobs need not wait
 * (`goToAnyWorker`) but for one that is offered when the loss is noticed: it should have come back by then, so this is less than `tidemark.heartbeat-timeout`.
 */
const stickyTimeout = '2s'

/**
 * Starts polling. Errors: `TemporalUnreachable`, `DefinitionError` for a job file that cannot be loaded, `InvalidConfiguration` where metrics cannot be
 * shown at the address that is configured.
 */
export async function startTidemarkWorker(options: TidemarkWorkerOptions): Promise<TidemarkWorker> {
  const { target, configuration } = options
  const log = options.log ?? (() => {})
  installRuntime()
  configureStorage(configuration.storage)
  const host = await createEmbeddedHost({
    jobFiles: [...options.jobFiles],
    slots: configuration.slots,
    threads: configuration.threads,
    leaseMs: configuration.leaseMs,
    stateBackend: configuration.stateBackend,
    log: (_level, message) => log(message),
  })
  let client: ClientConnection | undefined
  let connection: NativeConnection | undefined
  let monitoring: Monitoring | undefined
  const release = async () => {
    monitoring?.close()
    await host.close()
    await connection?.close()
    await client?.connection.close()
  }
  try {
    const connected = await connectClient(target)
    client = connected
    connection = await connectNative(target)
    const searchAttributes = await registered(client, target, log)
    const presence = new HostPresence({ client: client.client, engine: host, configuration, log })
    monitoring = await startMonitoring(host, configuration, client.client, log)
    const { report } = monitoring
    const workflows = options.workflows ?? (await workflowBundle())
    const tidying = new Tidying()
    const logThread = new LogThread()
    const common = { target, configuration, host, client, connection, searchAttributes }
    const parts = { ...common, presence, tidying, logThread, report, workflows }
    const workers = await createWorkers(parts)
    const leave = () => handOver(host, connected.client, configuration.shutdownTimeoutMs)
    const worker = run(host, workers, presence, leave, async () => {
      await tidying.settled()
      await logThread.close()
      await release()
    })
    presence.begin()
    return worker
  } catch (error) {
    await release()
    throw error
  }
}

interface Parts {
  readonly target: TemporalTarget
  readonly configuration: Configuration
  readonly host: EmbeddedHost
  readonly client: ClientConnection
  readonly connection: NativeConnection
  readonly searchAttributes: boolean
  readonly presence: HostPresence
  readonly tidying: Tidying
  readonly logThread: LogThread
  readonly report: Monitoring['report']
  readonly workflows: WorkflowBundleOption
}

/** Those that take jobs, and the others. */
interface Workers {
  readonly takers: readonly Worker[]
  readonly others: readonly Worker[]
}

async function createWorkers(parts: Parts): Promise<Workers> {
  const { target, configuration, host, client, connection, searchAttributes, presence, tidying, logThread, report } =
    parts
  const common = {
    connection,
    namespace: target.namespace,
    dataConverter,
    identity: `${host.host}@tidemark`,
    // Heartbeats must reach the server well within the time-out by which a host counts as lost.
    maxHeartbeatThrottleInterval: configuration.heartbeatIntervalMs,
    defaultHeartbeatThrottleInterval: configuration.heartbeatIntervalMs,
  } satisfies Partial<WorkerOptions>
  const whereabouts = new AskedHere(cachedWorkflows)
  const hostDependencies = { configuration, engine: host, presence, tidying, logThread, whereabouts }
  const deployer = createDefinitionActivities(hostDependencies)
  const others = Promise.all([
    Worker.create({
      ...common,
      taskQueue: configuration.taskQueue,
      workflowBundle: parts.workflows,
      stickyQueueScheduleToStartTimeout: stickyTimeout,
      maxCachedWorkflows: cachedWorkflows,
      ...patience,
      sinks: sinksTo({ report, asks: (run, number) => whereabouts.note(run, number) }),
      activities: {
        ...createStorageActivities({ configuration, client: client.client, searchAttributes }),
        ...createNearActivities(hostDependencies),
      },
      // A checkpoint of each task, and as much as the SDK takes for the rest.
      maxConcurrentActivityTaskExecutions: configuration.slots + 100,
    }),
    Worker.create({
      ...common,
      taskQueue: hostQueue(host.host),
      activities: createHostActivities(hostDependencies),
      // One that lives as long as the tasks for each job, and short ones.
      maxConcurrentActivityTaskExecutions: configuration.slots * 3 + 20,
      activityTaskPollerBehavior: fewPolls(2),
    }),
  ])
  const takers = Promise.all(
    host.definitions.map(({ name }) =>
      Worker.create({
        ...common,
        taskQueue: definitionQueue(name),
        activities: deployer,
        activityTaskPollerBehavior: fewPolls(1),
        tuner: {
          activityTaskSlotSupplier: deploymentSlots(host),
          workflowTaskSlotSupplier: { type: 'fixed-size', numSlots: 2 },
          localActivityTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
          nexusTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
        },
      }),
    ),
  )
  return { takers: await takers, others: await others }
}

/** Each open poll of a process that is frozen swallows one piece of work, until a time-out takes it back. */
function fewPolls(maximum: number) {
  return { type: 'simple-maximum', maximum } as const
}

function run(
  host: EmbeddedHost,
  { takers, others }: Workers,
  presence: HostPresence,
  leave: () => Promise<void>,
  release: () => Promise<void>,
): TidemarkWorker {
  const workers = [...takers, ...others]
  const stop = (which = workers) => {
    for (const worker of which) if (worker.getState() === 'RUNNING') worker.shutdown()
  }
  let leaving: Promise<void> | undefined
  const runs = workers.map((worker) =>
    worker.run().catch((error: unknown) => {
      stop() // half a worker is worse than none
      throw error
    }),
  )
  const finished = Promise.allSettled(runs).then(async (settled) => {
    await presence.leave()
    await release()
    const broken = settled.find((one) => one.status === 'rejected')
    if (broken) throw broken.reason
  })
  finished.catch(() => {}) // whoever awaits it sees the error; nobody has to
  return {
    host: host.host,
    definitions: host.definitions,
    finished,
    async shutdown(options = {}) {
      if (options.handOver ?? true) {
        stop([...takers])
        leaving ??= leave()
        await leaving
      }
      // What was not handed over ends while its coordinator can still be answered why.
      await host.close()
      await presence.leave()
      stop()
      await finished
    },
  }
}

/** A server on which we may not register search attributes is still good for everything else. */
async function registered(
  client: ClientConnection,
  target: TemporalTarget,
  log: (line: string) => void,
): Promise<boolean> {
  try {
    await ensureSearchAttributes(client.connection, target.namespace)
    return true
  } catch (error) {
    log(`Jobs run without search attributes. ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}
