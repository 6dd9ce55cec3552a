import type { MessagePort } from 'node:worker_threads'
import { TidemarkError } from '../../../errors.js'
import type { Storage } from '../../../storage/index.js'
import { fromWire } from '../../../threads/wire-error.js'
import type { FromFileThread, ToFileThread, WrittenFile } from './protocol.js'

/** So many batches are encoded ahead of the storage, so that neither waits for the other. */
const batchesAhead = 16

/** Has another thread hash and write what is encoded here, and gives it the memory of that. */
export async function writeElsewhere(
  port: MessagePort,
  storage: Storage,
  name: string,
  batches: AsyncIterable<readonly Uint8Array[]>,
): Promise<WrittenFile> {
  const send = (message: ToFileThread, memory: ArrayBuffer[] = []) => port.postMessage(message, memory)
  let underWay = 0
  let onTaken = () => {}
  const written = new Promise<WrittenFile>((resolve, reject) => {
    port.on('message', (message: FromFileThread) => {
      if (message.kind === 'written') resolve(message.file)
      else if (message.kind === 'failed') reject(fromWire(message.error))
      else {
        underWay--
        onTaken()
      }
    })
    port.on('close', () => reject(writerGone(name)))
  })
  // Met where it is awaited.
  written.catch(() => undefined)
  try {
    send({ kind: 'write', root: storage.uri, name })
    for await (const pieces of batches) {
      send({ kind: 'pieces', pieces }, memoryOf(pieces))
      underWay++
      while (underWay >= batchesAhead) {
        const taken = new Promise<void>((resolve) => {
          onTaken = resolve
        })
        await Promise.race([taken, written])
      }
    }
    send({ kind: 'end' })
    return await written
  } finally {
    port.close()
  }
}

/** Of those that have theirs to themselves; others are copied. */
function memoryOf(pieces: readonly Uint8Array[]): ArrayBuffer[] {
  return pieces.flatMap(({ buffer, length }) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === length ? [buffer] : [],
  )
}

function writerGone(name: string): TidemarkError {
  return new TidemarkError(
    'StorageUnavailable',
    `The thread that wrote ${name} has ended; the checkpoint is tried again.`,
  )
}
