import { KeyedStateStore } from './keyed-state-store.js'
import type { StateStore, StoreOptions } from './state-store.js'

/** Which backend, and the absolute path of a directory for what it keeps on disk. */
export type StateBackendSettings = { readonly type: 'hashmap' } | { readonly type: 'lmdb'; readonly directory: string }

/** Where a task keeps its keyed state between checkpoints, which are the same whichever it is. */
export interface StateBackend {
  /** An empty store. */
  open<S>(options: StoreOptions): StateStore<S>
  /** What records have to wait for before more come: undefined in most cases. */
  readonly pressure: Promise<void> | undefined
  /** What the stores hold is gone. */
  close(): Promise<void>
}

/** @param settings of a task: the directory is empty or missing, and for it alone */
export async function openStateBackend(settings: StateBackendSettings): Promise<StateBackend> {
  if (settings.type === 'hashmap') return inMemory
  const { LmdbBackend } = await import('./lmdb/lmdb-backend.js')
  return LmdbBackend.open(settings.directory)
}

const inMemory: StateBackend = {
  open: (options) => new KeyedStateStore(options),
  pressure: undefined,
  close: async () => {},
}
