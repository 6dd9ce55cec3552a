import { TidemarkError } from '../../../errors.js'
import { openStorage } from '../../../storage/index.js'
import type { OpenRequest, TaskPlan } from '../messages.js'
import { resolveOutputDirectory } from '../output-directory.js'
import { type Inventory, takeInventory } from '../plan/inventory.js'
import { loadDefinition } from '../plan/load-definition.js'
import { openStateBackend, type StateBackend } from '../state/state-backend.js'
import type { OpenWriter } from '../writer/write-file.js'
import { BatchSize } from './batch-size.js'
import { compileChain } from './compile.js'
import { describeFailure } from './failures.js'
import { loadStates } from './load-states.js'
import { RecordLoop } from './record-loop.js'
import { SinkRunner } from './sink-runner.js'
import { SourceRunner } from './source-runner.js'
import { Task, type TaskListener, type TaskParts } from './task.js'

/** Builds a task from its plan: state, sinks, operators, and the readers at their positions. No record moves before `start`. */
export async function openTask(
  { plan, stateBackend }: OpenRequest,
  listener: TaskListener,
  openWriter: OpenWriter,
): Promise<Task> {
  const inventory = await inventoryOf(plan)
  const backend = await openStateBackend(inventory.stateful.size > 0 ? stateBackend : { type: 'hashmap' })
  try {
    return await openOver(backend, plan, inventory, { listener, openWriter })
  } catch (error) {
    await backend.close()
    throw error
  }
}

async function openOver(
  backend: StateBackend,
  plan: TaskPlan,
  inventory: Inventory,
  outside: Pick<TaskParts, 'listener' | 'openWriter'>,
): Promise<Task> {
  const { deploy, task } = plan
  const states = await loadStates(backend, plan, inventory)
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

/** The file must be the one that was planned with: all threads of an attempt run the same code. */
async function inventoryOf({ file, deploy, definition }: TaskPlan): Promise<Inventory> {
  const { job, build } = await loadDefinition(file, deploy.definition)
  if (build !== definition.build) {
    throw new TidemarkError(
      'DefinitionError',
      `The job file ${file} changed while the job was being started; start it again.`,
      {
        path: file,
      },
    )
  }
  return takeInventory(job.build(job.parseArgs(deploy.args)))
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
