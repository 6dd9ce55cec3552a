import { AsyncLocalStorage } from 'node:async_hooks'
import { type MessagePort, parentPort } from 'node:worker_threads'
import { joinProcess } from '../../threads/thread-data.js'
import { toWire } from '../../threads/wire-error.js'
import type { FilePort, Seat, ThreadMessage, ThreadMethod, ThreadMethods, ThreadRequest } from './messages.js'
import { loadFile } from './plan/load-definition.js'
import { makePlan, prepare, recoverOutput } from './plan/make-plan.js'
import { loadTask } from './task/load-task.js'
import { openTask } from './task/open-task.js'
import { SeatedTasks } from './task/seated-tasks.js'
import { prefixLines } from './thread-output.js'

// The program of a worker thread: answers the host's calls until it is terminated. Errors of calls are answers; anything
// that user code throws outside of them ends the thread, which the host reports as a crash.

type Handlers = {
  [M in ThreadMethod]: (params: Parameters<ThreadMethods[M]>[0], seat: Seat) => Promise<ReturnType<ThreadMethods[M]>>
}

joinProcess()

const tasks = new SeatedTasks(post)

/** By the name by which job files import it, so that it is loaded once. */
const ours = 'tidemark'

/** Who waits for a port, in the order in which they asked. */
const wanted: ((port: MessagePort) => void)[] = []

/** On whose behalf code runs, callbacks of user code included. */
const acting = new AsyncLocalStorage<Seat>()

const passOn = [process.stdout, process.stderr].map((stream) =>
  prefixLines(stream, () => acting.getStore()?.label ?? tasks.names()),
)

process.on('exit', () => {
  const by = acting.getStore()?.label
  post({ kind: 'ending', ...(by !== undefined && { by }) })
  for (const pass of passOn) pass()
})

const handlers: Handlers = {
  async inspect(files) {
    const loaded = []
    for (const path of files) {
      const { file, build, definitions } = await loadFile(path)
      loaded.push({ file, build, definitions: definitions.map(({ name, version }) => ({ name, version })) })
    }
    return loaded
  },
  async warm() {
    await import(ours)
    return null
  },
  load: async (file) => (await loadFile(file)).build,
  plan: makePlan,
  prepare,
  recoverOutput: (request, seat) => tasks.occupy(seat, recoverOutput(request)),
  async loadState(request, seat) {
    await tasks.load(seat, loadTask(request, openFilePort))
    return null
  },
  async open(_, seat) {
    const opened = await tasks.open(seat, (loaded, listener) => openTask(loaded, listener, openFilePort))
    return opened.describe()
  },
  async start(_, seat) {
    ;(await tasks.at(seat)).start()
    return null
  },
  snapshot: async (request, seat) => (await tasks.at(seat)).snapshot(request),
  async commit({ number }, seat) {
    const task = await tasks.at(seat)
    await tasks.occupy(seat, task.commit(number))
    return null
  },
  async close(_, seat) {
    await tasks.close(seat)
    return null
  },
  async forget(_, seat) {
    tasks.forget(seat)
    return null
  },
  async end() {
    await tasks.closeAll()
    // In a turn of its own, once the answer is posted. The thread ends itself, since one that is terminated from outside
    // while it is still in the callback of a message can take the whole process with it.
    setImmediate(() => process.exit(0))
    return null
  },
}

function openFilePort(): Promise<MessagePort> {
  return new Promise((resolve) => {
    wanted.push(resolve)
    post({ kind: 'file' })
  })
}

function post(message: ThreadMessage): void {
  parentPort?.postMessage(message)
}

async function answer<M extends ThreadMethod>({ id, seat, method, params }: ThreadRequest<M>): Promise<void> {
  try {
    post({ kind: 'answer', id, value: await handlers[method](params, seat) })
  } catch (error) {
    post({ kind: 'refusal', id, error: toWire(error) })
  }
}

parentPort?.on('message', (message: ThreadRequest | FilePort) => {
  if ('file' in message) wanted.shift()?.(message.file)
  else void acting.run(message.seat, answer, message)
})
