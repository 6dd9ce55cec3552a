import { FileStorage } from './file/file-storage.js'
import { blockingFileSystem } from './file/file-system.js'
import { openHdfs } from './hdfs/open-hdfs.js'
import { MemoryStorage } from './memory-storage.js'
import { S3Storage } from './s3/s3-storage.js'
import type { Storage } from './storage.js'
import { parseUri } from './uri.js'

/** One for each directory: it remembers which folders it has made durable. */
const directories = new Map<string, FileStorage>()

/** Undefined: calls that are waited for with patience, while the thread goes on. */
let directly: typeof blockingFileSystem | undefined

/** Before any is opened: the calls to directories block this thread, since it has nothing else to do, and somebody else notices where one hangs. */
export function blockOnFiles(): void {
  directly = blockingFileSystem
}

/**
 * Opens the store at a URI or path. Nothing is read or made yet.
 * @throws InvalidConfiguration for a scheme without a driver
 */
export function openStorage(uri: string): Storage {
  const parsed = parseUri(uri)
  switch (parsed.scheme) {
    case 'file':
      return directoryAt(parsed.path)
    case 'memory':
      return new MemoryStorage(parsed.name, parsed.folder)
    case 's3':
      return new S3Storage(parsed.bucket, parsed.folder)
    case 'hdfs':
      return openHdfs(parsed)
  }
}

function directoryAt(path: string): FileStorage {
  const storage = directories.get(path) ?? new FileStorage(path, directly)
  directories.set(path, storage)
  return storage
}
