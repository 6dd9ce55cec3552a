import { parentPort, workerData } from 'node:worker_threads'
import { TidemarkError } from '../../errors.js'
import { configureStorage, joinPatience } from '../../storage/index.js'
import type {
  TaskAddress,
  TaskEvent,
  ThreadData,
  ThreadMessage,
  ThreadMethod,
  ThreadMethods,
  ThreadRequest,
} from './messages.js'
import { loadFile } from './plan/load-definition.js'
import { makePlan, recoverOutput } from './plan/make-plan.js'
import { openTask } from './task/open-task.js'
import type { Task } from './task/task.js'
import { toWire } from './wire-error.js'

// The program of a worker thread: answers the host's calls until it is terminated. Errors of calls are answers; anything
// that user code throws outside of them ends the thread, which the host reports as a crash.

type Handlers = {
  [M in ThreadMethod]: (params: Parameters<ThreadMethods[M]>[0]) => Promise<ReturnType<ThreadMethods[M]>>
}

const { storage, patience } = workerData as ThreadData
configureStorage(storage)
joinPatience(patience)

const tasks = new Map<number, Task>()

const handlers: Handlers = {
  async inspect(files) {
    const loaded = []
    for (const path of files) {
      const { file, build, definitions } = await loadFile(path)
      loaded.push({ file, build, definitions: definitions.map(({ name, version }) => ({ name, version })) })
    }
    return loaded
  },
  async load(file) {
    await loadFile(file)
    return null
  },
  plan: makePlan,
  recoverOutput,
  async open(plan) {
    const { task } = plan
    const opened = await openTask(plan, {
      progress: (records, emitted) => tell({ type: 'progress', task, records, emitted }),
      exhausted: () => tell({ type: 'exhausted', task }),
      failed: (error) => tell({ type: 'failed', task, error: toWire(error) }),
    })
    tasks.set(task, opened)
    return opened.describe()
  },
  async start(address) {
    taskAt(address).start()
    return null
  },
  async snapshot(request) {
    return taskAt(request).snapshot(request)
  },
  async commit(request) {
    await taskAt(request).commit(request.number)
    return null
  },
  async close() {
    await Promise.all([...tasks.values()].map((task) => task.close()))
    // In a turn of its own, once the answer is posted. The thread ends itself, since one that is terminated from outside
    // while it is still in the callback of a message can take the whole process with it.
    setImmediate(() => process.exit(0))
    return null
  },
}

function taskAt({ task }: TaskAddress): Task {
  const found = tasks.get(task)
  if (found === undefined) throw new TidemarkError('InvariantBroken', `This thread holds no task ${task}.`)
  return found
}

function tell(event: TaskEvent): void {
  post({ kind: 'event', event })
}

function post(message: ThreadMessage): void {
  parentPort?.postMessage(message)
}

async function answer<M extends ThreadMethod>({ id, method, params }: ThreadRequest<M>): Promise<void> {
  try {
    post({ kind: 'answer', id, value: await handlers[method](params) })
  } catch (error) {
    post({ kind: 'refusal', id, error: toWire(error) })
  }
}

parentPort?.on('message', (request: ThreadRequest) => void answer(request))
