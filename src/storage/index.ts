export { isBelow } from './allowed-dirs.js'
export { unavailable } from './file/file-errors.js'
export {
  anythingHangs,
  callLimitMs,
  forgetThread,
  joinPatience,
  type Patience,
  patienceForThread,
  patiently,
} from './file/patience.js'
export { blockOnFiles, openStorage } from './open-storage.js'
export { probe } from './probe.js'
export { isRefusal } from './refusal.js'
export { scopedStorage } from './scoped-storage.js'
export { configureStorage, type StorageSettings, storageSettings } from './settings.js'
export type { ByteRange, ReadOptions, Storage, StoredObject, WriteOptions } from './storage.js'
export { joinUri, normalizeUri, splitUri } from './uri.js'
