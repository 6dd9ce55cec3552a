import { workerData } from 'node:worker_threads'
import { configureStorage, joinPatience, type Patience, type StorageSettings } from '../storage/index.js'

/** What a thread is born with. */
export interface ThreadData {
  /** It opens stores by itself, as the process would. */
  readonly storage: StorageSettings
  /** What the threads of the process share to notice a file system that hangs. */
  readonly patience: Patience
}

/** Has this thread reach stores as its process does: before it opens any. */
export function joinProcess(): void {
  const { storage, patience } = workerData as ThreadData
  configureStorage(storage)
  joinPatience(patience)
}
