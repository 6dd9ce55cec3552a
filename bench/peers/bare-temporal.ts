import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { spawnKept } from '../../src/temporal/keeper.js'
import type { Surroundings } from '../benchmark.js'
import { type Crowd, inParallel, type Seen } from '../crowd.js'
import { ready } from '../processes.js'

const program = fileURLToPath(new URL('./bare-temporal-worker.mjs', import.meta.url))
const workflowsPath = fileURLToPath(new URL('./bare-temporal-workflows.mjs', import.meta.url))
const taskQueue = 'bare'

/** Workflows that do nothing but sleep and run an empty activity, on a plain worker of Temporal’s SDK beside the server that is there. */
export async function bareTemporal(
  { directory, onClose }: Surroundings,
  client: Client,
  address: string,
  intervalMs: number,
): Promise<Crowd> {
  // Here, since the memory that bundling takes is none of the worker's.
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') })
  const bundle = join(directory, 'bare-workflows.js')
  writeFileSync(bundle, code)
  const worker = await spawnKept(process.execPath, [program, address, taskQueue, bundle], { graceSeconds: 10 })
  onClose(async () => {
    worker.release()
    await worker.exited
  })
  await ready(worker)
  let rounds = 0
  return {
    worker: worker.pid,
    start: async (count) => {
      const round = rounds++
      const ids = Array.from({ length: count }, (_, index) => `bare-${round}-${index}`)
      const handles = await inParallel(ids, (workflowId) =>
        client.workflow.start('ticking', { workflowId, taskQueue, args: [intervalMs] }),
      )
      return {
        look: async () => {
          const histories = await inParallel(handles, (handle) => handle.query<readonly Seen[]>('history'))
          return { seen: histories.flat(), failed: 0 }
        },
        end: async () => {
          await inParallel(handles, (handle) => handle.terminate())
        },
      }
    },
  }
}
