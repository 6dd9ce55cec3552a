import { parentPort } from 'node:worker_threads'
import { ExecutionLog, openRoots } from '../checkpoint-store/index.js'
import { TidemarkError } from '../errors.js'
import { blockOnFiles } from '../storage/index.js'
import { joinProcess } from '../threads/thread-data.js'
import { toWire } from '../threads/wire-error.js'
import type { FromLogThread, ToLogThread } from './protocol.js'

// The program of the thread that works on logs for others.

joinProcess()
blockOnFiles()

async function perform({ place, until, request }: ToLogThread): Promise<unknown> {
  const { root, job, execution } = place
  if (Date.now() > until)
    throw new TidemarkError('StorageUnavailable', 'Nobody waits for this any more.', { path: root })
  const log = new ExecutionLog(openRoots(root, root), job, execution)
  switch (request[0]) {
    case 'groundFor':
      return log.groundFor(request[1])
    case 'append':
      return log.append(request[1], request[2])
  }
}

function post(message: FromLogThread): void {
  parentPort?.postMessage(message)
}

parentPort?.on('message', (message: ToLogThread) => {
  const { id } = message
  perform(message).then(
    (value) => post({ id, value }),
    (error) => post({ id, error: toWire(error) }),
  )
})

post({ ready: true })
