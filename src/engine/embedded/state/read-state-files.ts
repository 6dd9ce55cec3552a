import { nameOf, type StateHandle } from '../../../checkpoint/state-handle.js'
import { messageOf, TidemarkError } from '../../../errors.js'
import type { Key, StatefulOperator } from '../../../pipeline/operator.js'
import { ChunkReader } from './chunk-reader.js'
import { decodeState, readableCodecs } from './state-codec.js'
import type { EncodedSection } from './state-section.js'

/** Reads a state file, each chunk good until the next is asked for; fails at its end at the latest where it is not what the handle's size and checksum say. */
export type ReadState = (handle: StateHandle) => AsyncIterable<Uint8Array>

/** What a snapshot holds of a store. */
export interface SavedState<S> {
  // biome-ignore lint/suspicious/noExplicitAny: only the id, the version and `migrate` are used
  readonly operator: StatefulOperator<any, any, S>
  readonly handles: readonly StateHandle[]
  readonly read: ReadState
  /** The snapshot of this very execution that these handles are, on which increments may build. */
  readonly base?: number | undefined
}

export interface FoundSection extends EncodedSection {
  readonly handle: StateHandle
  /** Of the state in it. */
  readonly version: number
}

/**
 * The sections of an operator's files in the order in which they apply: the full file's, then those of each delta over it. Every file is read
 * to its end, where damage shows.
 * @param kept whether all sections stay in memory for a while: then they share it
 */
export async function* readStateFiles(
  handles: readonly StateHandle[],
  read: ReadState,
  { kept }: { readonly kept: boolean },
): AsyncGenerator<FoundSection> {
  for (const [index, handle] of handles.entries()) {
    checkHandle(handle, index === 0)
    const reader = new ChunkReader(read(handle), kept ? handle.size : 0)
    try {
      const file = await decodeState(reader, nameOf(handle))
      const version = file.header.stateVersion
      for await (const section of file.sections()) yield { ...section, handle, version }
      await reader.drain()
    } catch (error) {
      // Where the bytes are damaged, that is what to say, and not what the decoder made of them.
      await reader.drain()
      throw error
    }
  }
}

/** @throws RestoreFailed naming operator and key */
export function migrated<S>(operator: SavedState<S>['operator'], key: Key, state: unknown, from: number): S {
  if (from === operator.version) return state as S
  try {
    return operator.migrate?.(state, from) as S
  } catch (error) {
    throw new TidemarkError(
      'RestoreFailed',
      `Operator '${operator.id}' could not bring the state of key ${JSON.stringify(key)} from version ${from} to ${operator.version}: ${messageOf(error)}`,
      { cause: error },
    )
  }
}

function checkHandle(handle: StateHandle, first: boolean): void {
  const path = nameOf(handle)
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
