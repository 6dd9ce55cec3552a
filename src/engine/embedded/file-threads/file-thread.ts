import { type MessagePort, parentPort } from 'node:worker_threads'
import { openStorage } from '../../../storage/index.js'
import { joinProcess } from '../../../threads/thread-data.js'
import { toWire } from '../../../threads/wire-error.js'
import { freeMemory } from './free-memory.js'
import { messagesOf } from './messages-of.js'
import type { FromFileThread, ToFileThread } from './protocol.js'
import { sendFile } from './send-file.js'
import { writeHashed } from './write-hashed.js'

// The program of a thread that writes files which others encode, and reads such as others want: one for each port that it is sent. It says to its host
// when it is done with one.

joinProcess()

async function serve(port: MessagePort): Promise<void> {
  const answer = (message: FromFileThread, memory: ArrayBuffer[] = []) => port.postMessage(message, memory)
  try {
    const next = messagesOf<ToFileThread>(port)
    const first = await next()
    if (first.kind === 'write') {
      const pieces = piecesOf(next, () => answer({ kind: 'taken' }))
      const file = await writeHashed(openStorage(first.root), first.name, pieces, { release: freeMemory })
      answer({ kind: 'written', file })
    } else if (first.kind === 'read') {
      await sendFile(first, next, answer)
    } else throw new Error(`A file begins with what is to become of it, not with ${first.kind}.`)
  } catch (error) {
    answer({ kind: 'failed', error: toWire(error) })
  }
  parentPort?.postMessage('done')
}

async function* piecesOf(next: () => Promise<ToFileThread>, onTaken: () => void): AsyncGenerator<Uint8Array> {
  for (let message = await next(); message.kind !== 'end'; message = await next()) {
    if (message.kind !== 'pieces') continue
    yield* message.pieces
    onTaken()
  }
}

parentPort?.on('message', (port: MessagePort) => void serve(port))
