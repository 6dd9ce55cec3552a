/**
 * The contract of every storage driver: bytes under names below one root URI. Drivers know nothing of checkpoints.
 *
 * Names are relative, `/`-separated, normalised (no empty, `.` or `..` segment; see `names.ts`) and may hold any other
 * character. A name is visible to every reader, whole, from the moment `createIfAbsent` or `write` resolves, and is then
 * durable; before that a crash leaves either nothing or the whole content, never a part of it under that name.
 *
 * Errors: `ObjectNotFound` only when the store itself answered that the name is not there; anything that did not answer,
 * or refused, is `StorageUnavailable` (never taken for "absent"). `InvalidPath` for a name outside the rules.
 */
export interface Storage {
  /** The root, normalised, without a trailing slash: `file:///var/checkpoints`. */
  readonly uri: string

  /** The whole content, or the bytes of `range`. */
  read(name: string, range?: ByteRange): Promise<Buffer>

  /**
   * The same as a stream, with flat memory. All of it is of one content: where the object is replaced meanwhile, the stream goes on with the
   * old content or fails. Errors come with the first chunk or any later one; who stops early releases what the stream holds.
   */
  readStream(name: string, range?: ByteRange, options?: ReadOptions): AsyncIterable<Buffer>

  /** The commit primitive: of any number of callers at once exactly one gets `created`. */
  createIfAbsent(name: string, content: Uint8Array): Promise<'created' | 'exists'>

  /**
   * What has this name survives a power failure from here on, also where whoever wrote it died before it had made that sure. Nothing
   * happens where the name is not there. To be awaited before anything is built on what somebody else wrote.
   */
  persist(name: string): Promise<void>

  /** Creates or replaces. A stream is written with flat memory. */
  write(name: string, content: Uint8Array | AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<void>

  /** Every object below `folder` (`''` = the root), recursively, in name order; a folder that is not there is empty. */
  list(folder: string): Promise<readonly StoredObject[]>

  /**
   * Their names alone, with fewer steps where the scheme allows.
   * @param within of the folders directly in `folder`, by their own names, those to look into; default all
   */
  listNames(folder: string, within?: FolderChoice): Promise<readonly string[]>

  /** Idempotent: a name that is not there is a success. Leaves no empty folder behind where the scheme has folders. */
  delete(name: string): Promise<void>

  /** The same for many names, in any order, with as few steps as the scheme allows. A failure leaves some of them. */
  deleteAll(names: readonly string[]): Promise<void>

  /**
   * Removes what writers left unfinished below `folder` (temporaries, half uploads) and folders that are empty. `dead`: only
   * what certainly belongs to no live writer; `all`: also what live ones are writing, whose write then fails. So `all` is
   * only for folders where nothing that is still to come may count.
   * @param before awaited with the names of unfinished files, or those that unfinished uploads were to get, before they go
   */
  tidy(folder: string, writers: 'dead' | 'all', before?: BeforeTidying): Promise<void>
}

export interface ReadOptions {
  /**
   * Default false. True where a chunk may be overwritten as soon as the next one is asked for, so that a long stream needs no fresh memory. A
   * driver may ignore it.
   */
  readonly reuse?: boolean
}

export interface WriteOptions {
  /**
   * Default true. False where nothing is lost when a power failure takes the object back, or leaves something else under its name: whoever
   * reads it checks what it reads.
   */
  readonly durable?: boolean
  /**
   * Told of chunks of a stream whose memory the driver will not look at again, so that it can be freed or used for something else. A driver may
   * leave out any, also all.
   */
  readonly release?: (chunk: Uint8Array) => void
}

export type FolderChoice = (name: string) => boolean

export type BeforeTidying = (names: readonly string[]) => Promise<void>

/** From `start` up to and without `end` (default: the end of the object), in bytes. What lies beyond the object's end is left out. */
export interface ByteRange {
  readonly start: number
  readonly end?: number
}

export interface StoredObject {
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since the epoch, by the store's clock. For showing and for ages, never for deciding order. */
  readonly modifiedAt: number
}
