import { TidemarkError } from '../../../errors.js'
import { openStorage } from '../../../storage/index.js'
import type { OpenFilePort } from '../file-threads/protocol.js'
import type { TaskPlan } from '../messages.js'
import { resolveOutputDirectory } from '../output-directory.js'
import type { Inventory } from '../plan/inventory.js'
import { BatchSize } from './batch-size.js'
import { compileChain } from './compile.js'
import { describeFailure } from './failures.js'
import type { LoadedTask } from './load-task.js'
import { RecordLoop } from './record-loop.js'
import { SinkRunner } from './sink-runner.js'
import { SourceRunner } from './source-runner.js'
import { Task, type TaskListener, type TaskParts } from './task.js'

/** Builds a task upon its state: sinks, operators, and the readers at their positions. No record moves before `start`. Where it fails its state is closed. */
export async function openTask(loaded: LoadedTask, listener: TaskListener, openFilePort: OpenFilePort): Promise<Task> {
  try {
    return await openOver(loaded, { listener, openFilePort })
  } catch (error) {
    await loaded.backend.close()
    throw error
  }
}

async function openOver(
  { plan, inventory, backend, states }: LoadedTask,
  outside: Pick<TaskParts, 'listener' | 'openFilePort'>,
): Promise<Task> {
  const { deploy, task } = plan
  const sinks = await openSinks(plan, inventory)
  const parts = {
    task,
    stateOf: (id: string) => required(states, id),
    write: (id: string) => {
      const sink = required(sinks, id)
      return (record: unknown) => sink.write(record)
    },
  }
  const batchSize = new BatchSize()
  const sources = plan.sources.map((assignment) => {
    const node = required(inventory.sources, assignment.source)
    return new SourceRunner({
      node,
      assignment,
      chain: opened(() => compileChain(node, parts)),
      task,
      parallelism: deploy.parallelism,
      batchSize,
      onBatch: (records) => running.onBatch(records),
      onChange: () => loop.wake(),
      onFailure: (error) => running.fail(error),
    })
  })
  const loop = new RecordLoop(sources, [...sinks.values()])
  const data = openStorage(deploy.roots.data)
  const running = new Task({
    plan,
    sources,
    sinks: [...sinks.values()],
    backend,
    states: [...states.values()],
    loop,
    data,
    ...outside,
  })
  try {
    for (const source of sources) await source.open()
  } catch (error) {
    await running.close()
    throw error
  }
  return running
}

async function openSinks({ deploy, task }: TaskPlan, inventory: Inventory): Promise<Map<string, SinkRunner>> {
  const { job, execution, claim, attempt, allowedDirs } = deploy
  const resolveDirectory = (path: string) => resolveOutputDirectory(path, allowedDirs)
  const sinks = new Map<string, SinkRunner>()
  for (const node of inventory.sinks.values()) {
    sinks.set(node.id, await SinkRunner.open(node, { job, execution, claim, attempt, task, resolveDirectory }))
  }
  return sinks
}

function opened<T>(open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw describeFailure(error, 'to open', 'the pipeline')
  }
}

function required<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id)
  if (found !== undefined) return found
  throw new TidemarkError(
    'DefinitionError',
    `The pipeline has no '${id}' any more: it must be the same each time it is built from the same arguments.`,
  )
}
