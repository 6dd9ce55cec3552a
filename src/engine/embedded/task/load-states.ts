import { isInline, type StateFileHandle } from '../../../checkpoint/state-handle.js'
import { openSnapshot } from '../../../checkpoint-store/index.js'
import { inLanes } from '../../../in-lanes.js'
import type { RestoreReference } from '../../engine.js'
import type { OpenFilePort } from '../file-threads/protocol.js'
import { readElsewhere } from '../file-threads/read-elsewhere.js'
import type { TaskPlan } from '../messages.js'
import type { Inventory, StatefulStep } from '../plan/inventory.js'
import { jobState, type OperatorState } from '../state/operator-state.js'
import type { ReadState } from '../state/read-state-files.js'
import { SplitState } from '../state/split-state.js'
import type { StateBackend } from '../state/state-backend.js'
import type { StateStore } from '../state/state-store.js'

/** Enough to wait for storage meanwhile. */
const lanes = 4

/** Bytes of a file that are worth another thread, which may have to be begun for it. */
const largeFile = 32 * 1024 * 1024

interface OpenedState {
  readonly state: OperatorState
  /** What holds the state of a split; in the scope of the job, the only one. */
  storeOf(split: string): StateStore<unknown>
}

/** The state of every operator of a task, by operator id, with what its plan assigns to it. */
export async function loadStates(
  backend: StateBackend,
  plan: TaskPlan,
  { stateful }: Inventory,
  openFilePort: OpenFilePort,
): Promise<ReadonlyMap<string, OperatorState>> {
  const read = plan.restore && plan.state.length > 0 ? await readerOf(plan.restore, openFilePort) : undefined
  const states = new Map<string, OperatorState>()
  for (const step of stateful.values()) {
    const { operator } = step
    const { state, storeOf } = openState(backend, step, plan.deploy.incremental)
    states.set(operator.id, state)
    const assigned = plan.state.filter((one) => one.operator === operator.id)
    await inLanes(assigned, lanes, async ({ scope, handles, base }) => {
      const store = storeOf(scope.kind === 'split' ? scope.split : '')
      if (read) await store.load({ operator, handles, read, base })
    })
  }
  return states
}

/** A large file is read and hashed by another thread, while this one takes it in. */
async function readerOf(reference: RestoreReference, openFilePort: OpenFilePort): Promise<ReadState> {
  const snapshot = await openSnapshot(reference)
  async function* readLarge(handle: StateFileHandle) {
    yield* readElsewhere(await openFilePort(), reference, handle)
  }
  return (handle) =>
    isInline(handle) || handle.size < largeFile ? snapshot.readState(handle, { reuse: true }) : readLarge(handle)
}

function openState(backend: StateBackend, { operator, scope }: StatefulStep, incremental: boolean): OpenedState {
  const { id, version } = operator
  const make = () => backend.open<unknown>({ operator: id, stateVersion: version, incremental })
  if (scope === 'split') {
    const state = new SplitState(make)
    return { state, storeOf: (split) => state.storeOf(split) }
  }
  const store = make()
  return { state: jobState(store), storeOf: () => store }
}
