import { nameOf, type StateHandle } from '../../../checkpoint/state-handle.js'
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
  for await (const section of readStateFiles(handles, read, { kept: true })) {
    state.add(section, nameOf(section.handle))
    from = section.version
  }
  if (from === operator.version) return state
  const table = state.decodeAll()
  for (const [key, place] of table.entries()) {
    table.setState(place, migrated(operator, key, table.stateAt(place), from))
  }
  return state
}
