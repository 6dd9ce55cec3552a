import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { CompletedRow, Flink } from '../peers/flink.js'
import type { Backend, System, Taken } from './system.js'

/** So long that it never comes: without an interval Flink has no checkpoints at all. */
const neverMs = 10 * 86_400_000

export function blobsOnFlink(flink: Flink, name: string, backend: Backend): System {
  return {
    name,
    addProcess: () => flink.addTaskManager(),
    ...(backend === 'hashmap' && { liveHeapMB }),
    start: async ({ log, keys, intervalMs = neverMs, from }) => {
      const job = await flink.submit(['blobs', log, String(intervalMs), backend, String(keys)], from)
      return {
        completed: async () => (await job.completed()).map(takenOf),
        checkpoint: async () => {
          const before = (await job.completed()).length
          await job.triggerCheckpoint()
          return takenOf((await job.untilCompleted(before + 1))[0] as CompletedRow)
        },
        stop: () => job.cancel(),
      }
    },
  }
}

function takenOf(row: CompletedRow): Taken {
  return {
    triggeredAt: row.trigger_timestamp,
    durationMs: row.end_to_end_duration,
    bytes: row.checkpointed_size,
    path: row.external_path,
  }
}

/** The histogram is made after a collection. */
async function liveHeapMB(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('jcmd', [String(pid), 'GC.class_histogram'], { maxBuffer: 1 << 26 })
  return Number(/^Total\s+\d+\s+(\d+)/m.exec(stdout)?.[1]) / 1e6
}
