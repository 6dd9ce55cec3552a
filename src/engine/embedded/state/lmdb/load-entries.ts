import { nameOf } from '../../../../checkpoint/state-handle.js'
import type { Key } from '../../../../pipeline/operator.js'
import { FairTurns } from '../../task/fair-turns.js'
import { type FoundSection, migrated, readStateFiles, type SavedState } from '../read-state-files.js'
import { decodeAt, entriesAt } from '../state-section.js'
import type { Change } from './environment.js'
import { splitSection } from './moved-section.js'
import type { Place } from './place.js'
import { storedEntry } from './stored-entry.js'
import { isHashed, storedKey } from './stored-key.js'

/** Changes that are sent at a time. One batch is written while the next is read. */
const batch = 1024

/** Puts what a snapshot holds into an empty store, and answers how many keys that are. @throws CheckpointDamaged, UnsupportedFormat, RestoreFailed, TaskFailed */
export async function loadEntries<S>(place: Place, saved: SavedState<S>): Promise<number> {
  const { environment, queue, store } = place
  const turns = new FairTurns()
  let size = 0
  let changes: Change[] = []
  const send = async (): Promise<void> => {
    const before = queue.idle
    if (changes.length > 0) queue.send(changes, () => {})
    changes = []
    await before
    queue.check()
  }
  let file: FoundSection['handle'] | undefined
  for await (const section of readStateFiles(saved.handles, saved.read, { kept: false })) {
    if (section.handle !== file) {
      // A delta is counted by what was there before it.
      await send()
      await queue.idle
      file = section.handle
    }
    for (const change of changesOf(section, saved.operator, store)) {
      const known = file.mode === 'delta' && environment.has(change[0])
      size += Number(change[1] !== undefined) - Number(known)
      changes.push(change)
      if (changes.length >= batch) await send()
    }
    if (turns.over) await turns.next()
  }
  await send()
  await queue.idle
  queue.check()
  return size
}

/** Values go into the store as they lie in the file, unless one has to be decoded for it. */
function changesOf<S>(section: FoundSection, operator: SavedState<S>['operator'], store: number): readonly Change[] {
  const { bytes, handle, version } = section
  const encoded = (key: Key, state: unknown) =>
    storedEntry(operator.id, store, key, migrated(operator, key, state, version))
  const removed = (key: Key): Change => [storedKey(store, key), undefined]
  const split = version === operator.version ? splitSection(bytes) : undefined
  if (split === undefined) {
    return Array.from(entriesAt(nameOf(handle), bytes), ([key, value]) =>
      value ? encoded(key, value.state) : removed(key),
    )
  }
  const { keys, values, deleted } = split
  let states: readonly unknown[] | undefined
  const moved = keys.map((key, index): Change => {
    const stored = storedKey(store, key)
    const value = values[index]
    if (value !== undefined && !isHashed(stored)) return [stored, value]
    states ??= decodeAt(nameOf(handle), bytes)[1]
    return encoded(key, states[index])
  })
  return [...moved, ...deleted.map(removed)]
}
