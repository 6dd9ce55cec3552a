import type { StateHandle } from '../../../checkpoint/entry.js'
import { messageOf, TidemarkError } from '../../../errors.js'
import type { Key, StatefulOperator } from '../../../pipeline/operator.js'
import { ChunkReader } from './chunk-reader.js'
import { RestoredState } from './restored-state.js'
import { decodeState, readableCodecs } from './state-codec.js'

/** Reads a state file; fails at its end at the latest where it is not what the handle's size and checksum say. */
export type ReadState = (handle: StateHandle) => AsyncIterable<Uint8Array>

/**
 * The state that an operator's files describe: the full file, then each delta over it. Every file is read to its end, so that damage is
 * found here, and decoded later, unless it has to be brought to the operator's version: that fails here too.
 */
export async function loadState<S>(
  // biome-ignore lint/suspicious/noExplicitAny: only the id, the version and `migrate` are used
  operator: StatefulOperator<any, any, S>,
  handles: readonly StateHandle[],
  read: ReadState,
): Promise<RestoredState<S>> {
  const state = new RestoredState<S>()
  let version = operator.version
  for (const [index, handle] of handles.entries()) {
    checkHandle(handle, index === 0)
    version = await addFile(state, new ChunkReader(read(handle)), handle.path)
  }
  if (version !== operator.version) migrateAll(operator, state.decodeAll() as Map<Key, unknown>, version)
  return state
}

/** Answers the version of the state in the file. */
async function addFile(state: RestoredState<unknown>, reader: ChunkReader, path: string): Promise<number> {
  try {
    const file = await decodeState(reader, path)
    for await (const section of file.sections()) state.add(section, path)
    await reader.drain()
    return file.header.stateVersion
  } catch (error) {
    // Where the bytes are damaged, that is what to say, and not what the decoder made of them.
    await reader.drain()
    throw error
  }
}

function checkHandle(handle: StateHandle, first: boolean): void {
  const path = handle.path
  if (!readableCodecs.includes(handle.codec)) {
    throw new TidemarkError(
      'UnsupportedFormat',
      `${path} has the state format '${handle.codec}', which this version does not read; it reads ${readableCodecs.join(' and ')}.`,
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
