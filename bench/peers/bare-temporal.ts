import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { spawnKept } from '../../src/temporal/keeper.js'
import type { Surroundings } from '../benchmark.js'
import type { Seen } from '../crowd.js'
import { ready } from '../processes.js'
import type { Installation } from '../tidemark.js'

const program = fileURLToPath(new URL('./bare-temporal-worker.mjs', import.meta.url))
const workflowsPath = fileURLToPath(new URL('./bare-temporal-workflows.mjs', import.meta.url))
const taskQueue = 'bare'

export interface Ticking {
  readonly intervalMs: number
  /** Rounds that it tells of. */
  readonly kept: number
}

/** A workflow that does nothing but sleep and run an empty activity. */
export interface BareWorkflow {
  /** Its last rounds, newest first. */
  history(): Promise<readonly Seen[]>
  end(): Promise<void>
}

/** A plain worker of Temporal’s SDK beside the server that is there. */
export interface BareTemporal {
  /** The worker's process group. */
  readonly worker: number
  start(ticking: Ticking): Promise<BareWorkflow>
}

export async function startBareTemporal(
  { directory, onClose }: Surroundings,
  { temporal, address }: Installation,
): Promise<BareTemporal> {
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
  let started = 0
  return {
    worker: worker.pid,
    start: async ({ intervalMs, kept }) => {
      const options = { workflowId: `bare-${started++}`, taskQueue, args: [intervalMs, kept] }
      return bareWorkflow(await temporal.workflow.start('ticking', options))
    },
  }
}

function bareWorkflow(handle: WorkflowHandle): BareWorkflow {
  return {
    history: () => handle.query<readonly Seen[]>('history'),
    end: async () => {
      await handle.terminate()
    },
  }
}
