import type { MessagePort } from 'node:worker_threads'
import type { StateFileHandle } from '../../../checkpoint/state-handle.js'
import { TidemarkError } from '../../../errors.js'
import { fromWire } from '../../../threads/wire-error.js'
import type { RestoreReference } from '../../engine.js'
import { messagesOf } from './messages-of.js'
import type { FromFileThread, ToFileThread } from './protocol.js'

/** Has another thread read and hash a state file. A chunk is good until the next one is asked for. @throws what the reading does, at its end at the latest */
export async function* readElsewhere(
  port: MessagePort,
  snapshot: RestoreReference,
  handle: StateFileHandle,
): AsyncGenerator<Uint8Array> {
  const send = (message: ToFileThread, memory: ArrayBuffer[] = []) => port.postMessage(message, memory)
  const next = messagesOf<FromFileThread>(port)
  try {
    send({ kind: 'read', snapshot, handle })
    for (;;) {
      const message = await next().catch((cause) => {
        throw readerGone(handle, cause)
      })
      if (message.kind === 'read') return
      if (message.kind === 'failed') throw fromWire(message.error)
      if (message.kind !== 'chunk') continue
      const memory = message.chunk.buffer
      yield message.chunk
      send({ kind: 'free', memory }, [memory])
    }
  } finally {
    port.close()
  }
}

function readerGone({ path }: StateFileHandle, cause: unknown): TidemarkError {
  return new TidemarkError(
    'StorageUnavailable',
    `The thread that read ${path} has ended; the restore is tried again.`,
    {
      path,
      cause,
    },
  )
}
