import { Worker } from '@temporalio/worker'
import {
  createDefinitionActivities,
  createHostActivities,
  type HostDependencies,
  Tidying,
} from '../../activities/index.js'
import { createEmbeddedHost, type EmbeddedHost } from '../../src/engine/embedded/index.js'
import type { ReservedTasks } from '../../src/engine/engine.js'
import { LogThread } from '../../src/log-thread/index.js'
import { AskedHere } from '../../src/temporal/asked-here.js'
import { connectNative } from '../../src/temporal/connection.js'
import { dataConverter } from '../../src/temporal/data-converter.js'
import { deploymentSlots } from '../../src/temporal/deployment-slots.js'
import { HostPresence } from '../../src/temporal/host-presence.js'
import { definitionQueue, hostQueue } from '../../src/temporal/task-queues.js'
import { type Installation, jobsFile } from './installation.js'

/** A task host that has kept room for a job, and does not answer so before it is let go. */
export interface HeldHost {
  readonly engine: EmbeddedHost
  /** Resolves when it has kept room. */
  readonly kept: Promise<ReservedTasks>
  answer(): void
  close(): Promise<void>
}

/** Takes jobs of one definition. It runs no workflows, and nothing against the storage. */
export async function startHeldHost(tidemark: Installation, definition: string): Promise<HeldHost> {
  const { client, configuration, target } = tidemark
  const engine = await createEmbeddedHost({ jobFiles: [jobsFile], slots: configuration.slots })
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const reserve = engine.reserve.bind(engine)
  const kept = new Promise<ReservedTasks>((resolve) => {
    engine.reserve = async (request) => {
      const reserved = await reserve(request)
      resolve(reserved)
      await answered
      return reserved
    }
  })
  const presence = new HostPresence({ client, engine, configuration, log: () => {} })
  const connection = await connectNative(target)
  const logThread = new LogThread()
  const dependencies: HostDependencies = {
    configuration,
    engine,
    presence,
    tidying: new Tidying(),
    logThread,
    whereabouts: new AskedHere(1),
  }
  const common = {
    connection,
    namespace: target.namespace,
    dataConverter,
    maxHeartbeatThrottleInterval: configuration.heartbeatIntervalMs,
  }
  const one = { type: 'fixed-size', numSlots: 1 } as const
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: definitionQueue(definition),
      activities: createDefinitionActivities(dependencies),
      tuner: {
        activityTaskSlotSupplier: deploymentSlots(engine),
        workflowTaskSlotSupplier: { ...one, numSlots: 2 },
        localActivityTaskSlotSupplier: one,
        nexusTaskSlotSupplier: one,
      },
    }),
    Worker.create({ ...common, taskQueue: hostQueue(engine.host), activities: createHostActivities(dependencies) }),
  ])
  const runs = workers.map((worker) => worker.run())
  presence.begin()
  return {
    engine,
    kept,
    answer,
    async close() {
      answer()
      await engine.close()
      await presence.leave()
      for (const worker of workers) worker.shutdown()
      await Promise.all(runs)
      await logThread.close()
      await connection.close()
    },
  }
}
