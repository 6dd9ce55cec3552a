import type { Change } from './environment.js'
import type { Place } from './place.js'
import { boundsOf } from './stored-key.js'

/** Keys that are removed in one go. */
const batch = 256

/** Empties a store, beside the stream. Where writes fail there is nobody here to tell: whoever uses the task's state next is told. */
export async function removeEntries({ environment, queue, store }: Place, stopped: () => boolean): Promise<void> {
  await queue.idle
  while (!stopped() && !queue.failed) {
    const stored = environment.keys(boundsOf(store), batch)
    if (stored.length === 0) return
    queue.send(
      stored.map((key): Change => [key, undefined]),
      () => {},
    )
    await queue.idle
  }
}
