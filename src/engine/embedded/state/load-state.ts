import type { StateHandle } from '../../../checkpoint/entry.js'
import { migrated, type ReadState, readStateFiles, type SavedState } from './read-state-files.js'
import { RestoredState } from './restored-state.js'

/** The state that an operator's files describe. It is decoded later, unless it has to be brought to the operator's version: that fails here. */
export async function loadState<S>(
  operator: SavedState<S>['operator'],
  handles: readonly StateHandle[],
  read: ReadState,
): Promise<RestoredState<S>> {
  const state = new RestoredState<S>()
  let from = operator.version
  for await (const section of readStateFiles(handles, read)) {
    state.add(section, section.handle.path)
    from = section.version
  }
  if (from === operator.version) return state
  const decoded = state.decodeAll()
  for (const [key, value] of decoded) decoded.set(key, migrated(operator, key, value, from))
  return state
}
