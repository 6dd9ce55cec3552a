import { TidemarkError } from '../../../errors.js'
import type { OpenFilePort } from '../file-threads/protocol.js'
import type { LoadStateRequest, TaskPlan } from '../messages.js'
import { type Inventory, takeInventory } from '../plan/inventory.js'
import { loadDefinition } from '../plan/load-definition.js'
import type { OperatorState } from '../state/operator-state.js'
import { openStateBackend, type StateBackend } from '../state/state-backend.js'
import { loadStates } from './load-states.js'

/** A task with its state, before anything outside of it is opened or changed. */
export interface LoadedTask {
  readonly plan: TaskPlan
  readonly inventory: Inventory
  readonly backend: StateBackend
  /** By operator id. */
  readonly states: ReadonlyMap<string, OperatorState>
}

/** Reads and checks all files of the state that a plan assigns to a task. @throws CheckpointDamaged, UnsupportedFormat, RestoreFailed */
export async function loadTask(
  { plan, stateBackend }: LoadStateRequest,
  openFilePort: OpenFilePort,
): Promise<LoadedTask> {
  const inventory = await inventoryOf(plan)
  const backend = await openStateBackend(inventory.stateful.size > 0 ? stateBackend : { type: 'hashmap' })
  try {
    return { plan, inventory, backend, states: await loadStates(backend, plan, inventory, openFilePort) }
  } catch (error) {
    await backend.close()
    throw error
  }
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
