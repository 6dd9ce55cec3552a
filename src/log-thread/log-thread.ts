import { parentPort } from 'node:worker_threads'
import { ExecutionLog, openRoots } from '../checkpoint-store/index.js'
import { blockOnFiles } from '../storage/index.js'
import { joinProcess } from '../threads/thread-data.js'
import { toWire } from '../threads/wire-error.js'
import type { FromLogThread, LogPlace, LogRequest, ToLogThread } from './protocol.js'

// The program of the thread that works on logs for others.

joinProcess()
blockOnFiles()

async function perform({ metadata, data, job, execution }: LogPlace, request: LogRequest): Promise<unknown> {
  const log = new ExecutionLog(openRoots(metadata, data), job, execution)
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

parentPort?.on('message', ({ id, place, request }: ToLogThread) => {
  perform(place, request).then(
    (value) => post({ id, value }),
    (error) => post({ id, error: toWire(error) }),
  )
})

post({ ready: true })
