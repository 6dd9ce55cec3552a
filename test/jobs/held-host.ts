import { Worker } from '@temporalio/worker'
import {
  createDefinitionActivities,
  createHostActivities,
  type HostDependencies,
  Tidying,
} from '../../activities/index.js'
import { createEmbeddedHost, type EmbeddedHost } from '../../src/engine/embedded/index.js'
import { LogThread } from '../../src/log-thread/index.js'
import { AskedHere } from '../../src/temporal/asked-here.js'
import { connectNative } from '../../src/temporal/connection.js'
import { dataConverter } from '../../src/temporal/data-converter.js'
import { deploymentSlots } from '../../src/temporal/deployment-slots.js'
import { HostPresence } from '../../src/temporal/host-presence.js'
import { definitionQueue, hostQueue } from '../../src/temporal/task-queues.js'
import { type Installation, jobsFile } from './installation.js'

type Asked = 'reserve' | 'deploy'

/** A task host that has done what it was asked to, and does not answer so before it is let go. */
export interface HeldHost<A extends Asked = Asked> {
  readonly engine: EmbeddedHost
  /** Its answer, once it has done it. */
  readonly done: Promise<Awaited<ReturnType<EmbeddedHost[A]>>>
  answer(): void
  close(): Promise<void>
}

/** Takes jobs of one definition. It runs no workflows, and nothing against the storage. */
export async function startHeldHost<A extends Asked>(
  tidemark: Installation,
  definition: string,
  asked: A,
): Promise<HeldHost<A>> {
  const { client, configuration, target } = tidemark
  const engine = await createEmbeddedHost({ jobFiles: [jobsFile], slots: configuration.slots })
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const perform = engine[asked].bind(engine) as (...request: unknown[]) => ReturnType<EmbeddedHost[A]>
  const done = new Promise<Awaited<ReturnType<EmbeddedHost[A]>>>((resolve) => {
    const held = async (...request: unknown[]) => {
      const answer = await perform(...request)
      resolve(answer)
      await answered
      return answer
    }
    Object.assign(engine, { [asked]: held })
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
    done,
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
