import { openSnapshot } from '../../../checkpoint-store/index.js'
import type { FromFileThread, ToFileThread } from './protocol.js'

/** Bytes of a chunk, and how many of them are on their way: their memory goes to and fro. */
const chunkBytes = 1024 * 1024
const chunksAhead = 8

/**
 * Reads a state file and sends it, with flat memory, to whoever looks at it in another thread; here it is hashed.
 * @throws what the reading does, CheckpointDamaged at the end included, and Error once nobody wants it any more
 */
export async function sendFile(
  { snapshot, handle }: Extract<ToFileThread, { kind: 'read' }>,
  next: () => Promise<ToFileThread>,
  answer: (message: FromFileThread, memory?: ArrayBuffer[]) => void,
): Promise<void> {
  const { readState } = await openSnapshot(snapshot)
  let made = 0
  const memory = async (): Promise<ArrayBuffer> => {
    if (made++ < chunksAhead) return new ArrayBuffer(chunkBytes)
    const message = await next()
    if (message.kind !== 'free') throw new Error(`Memory was to come back, not ${message.kind}.`)
    return message.memory
  }
  for await (const read of readState(handle, { reuse: true })) {
    for (let from = 0; from < read.length; from += chunkBytes) {
      const part = read.subarray(from, from + chunkBytes)
      const chunk = new Uint8Array(await memory(), 0, part.length)
      chunk.set(part)
      answer({ kind: 'chunk', chunk }, [chunk.buffer])
    }
  }
  answer({ kind: 'read' })
}
