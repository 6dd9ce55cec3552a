import { on } from 'node:events'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { configureStorage, joinPatience, openStorage } from '../../../storage/index.js'
import type { ThreadData } from '../messages.js'
import { toWire } from '../wire-error.js'
import { freeMemory } from './free-memory.js'
import type { FromWriter, ToWriter, WrittenFile } from './protocol.js'
import { writeHashed } from './write-hashed.js'

// The program of a thread that writes files which others encode: one for each port that it is sent. It says to its host when it is done with one.

const { storage, patience } = workerData as ThreadData
configureStorage(storage)
joinPatience(patience)

async function serve(port: MessagePort): Promise<void> {
  const answer = (message: FromWriter) => port.postMessage(message)
  try {
    answer({ kind: 'written', file: await write(port, () => answer({ kind: 'taken' })) })
  } catch (error) {
    answer({ kind: 'failed', error: toWire(error) })
  }
  parentPort?.postMessage('done')
}

async function write(port: MessagePort, onTaken: () => void): Promise<WrittenFile> {
  const messages = on(port, 'message', { close: ['close'] })
  const next = async () => {
    const message = await messages.next()
    if (message.done) throw new Error('Whoever encoded the file is gone.')
    return message.value[0] as ToWriter
  }
  const first = await next()
  if (first.kind !== 'file') throw new Error(`A file begins with its name, not with ${first.kind}.`)
  async function* pieces() {
    for (let message = await next(); message.kind !== 'end'; message = await next()) {
      if (message.kind !== 'pieces') continue
      yield* message.pieces
      onTaken()
    }
  }
  return writeHashed(openStorage(first.root), first.name, pieces(), { release: freeMemory })
}

parentPort?.on('message', (port: MessagePort) => void serve(port))
