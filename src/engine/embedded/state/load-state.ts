import type { StateHandle } from '../../../checkpoint/entry.js'
import { messageOf, TidemarkError } from '../../../errors.js'
import type { Key, StatefulOperator } from '../../../pipeline/operator.js'
import { codecName, decodeState } from './state-codec.js'

/** Reads a state file whole, checked against the handle's size and checksum. */
export type ReadState = (handle: StateHandle) => Promise<Buffer>

/**
 * The state that an operator's files describe: the full file, then each delta over it, brought to the operator's version. Files
 * are read one after the other, so that at most one is in memory beside the result.
 */
export async function loadState<S>(
  // biome-ignore lint/suspicious/noExplicitAny: only the id, the version and `migrate` are used
  operator: StatefulOperator<any, any, S>,
  handles: readonly StateHandle[],
  read: ReadState,
): Promise<Map<Key, S>> {
  const state = new Map<Key, unknown>()
  let version = operator.version
  for (const [index, handle] of handles.entries()) {
    checkHandle(handle, index === 0)
    const file = decodeState(await read(handle), handle.path)
    version = file.header.stateVersion
    for (const [key, value] of file.entries()) {
      if (value === undefined) state.delete(key)
      else state.set(key, value.state)
    }
  }
  if (version !== operator.version) migrateAll(operator, state, version)
  return state as Map<Key, S>
}

function checkHandle(handle: StateHandle, first: boolean): void {
  const path = handle.path
  if (handle.codec !== codecName) {
    throw new TidemarkError(
      'UnsupportedFormat',
      `${path} has the state format '${handle.codec}', which this version does not read; it reads ${codecName}.`,
      { path },
    )
  }
  if ((handle.mode === 'full') !== first) {
    throw new TidemarkError(
      'CheckpointDamaged',
      `The state files of operator '${handle.operator}' are not one full file with deltas after it; restore from another checkpoint.`,
      { path },
    )
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as above
function migrateAll<S>(operator: StatefulOperator<any, any, S>, state: Map<Key, unknown>, from: number): void {
  for (const [key, value] of state) {
    try {
      state.set(key, operator.migrate?.(value, from))
    } catch (error) {
      throw new TidemarkError(
        'RestoreFailed',
        `Operator '${operator.id}' could not bring the state of key ${JSON.stringify(key)} from version ${from} to ${operator.version}: ${messageOf(error)}`,
        { cause: error },
      )
    }
  }
}
