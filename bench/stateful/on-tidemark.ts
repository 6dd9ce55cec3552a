import type { Installation } from '../tidemark.js'
import type { System, Taken } from './system.js'

let started = 0

export function blobsOnTidemark({ tidemark, addWorker }: Installation, name: string): System {
  return {
    name,
    addProcess: addWorker,
    start: async ({ log, keys, intervalMs = 0, from = 'none' }) => {
      const job = await tidemark.start(
        { definition: 'blobs', args: { log, keys }, checkpointing: { interval: intervalMs }, restore: { from } },
        { id: `blobs-${started++}` },
      )
      const completed = async (): Promise<Taken[]> => {
        const { history, latest } = await job.checkpoints()
        return history
          .filter(({ status }) => status === 'completed')
          .map(({ number, triggeredAt, durationMs, size }) => ({
            triggeredAt: Date.parse(triggeredAt),
            durationMs,
            bytes: size,
            path: latest?.number === number ? latest.uri : '',
          }))
      }
      return {
        completed,
        checkpoint: async () => {
          const outcome = await job.triggerCheckpoint()
          const [taken] = await completed()
          if (outcome.state === 'failed' || taken === undefined) throw new Error(JSON.stringify(outcome))
          return taken
        },
        stop: async () => {
          await job.cancel('RETAIN')
        },
      }
    },
  }
}
