/**
 * Where a part of an operator's state is, and what it is: any worker can find it, check it and decode it. Where it is small it lies in the
 * metadata itself (Flink's `ByteStreamStateHandle`), else in a file of its own.
 */
export type StateHandle = StateFileHandle | InlineStateHandle

/** A task, as far as its state goes. */
export interface WithState {
  readonly state: readonly StateHandle[]
}

interface StateDescription {
  readonly operator: string
  /** Bytes. */
  readonly size: number
  readonly codec: string
  /** A `full` part stands alone; `delta` parts apply in order after the `full` one before them in the task's list. */
  readonly mode: 'full' | 'delta'
  /** Snapshot that wrote it. */
  readonly number: number
  /** Inclusive. */
  readonly keyGroups: { readonly from: number; readonly to: number }
  readonly scope: { readonly kind: 'job' } | { readonly kind: 'split'; readonly split: string }
  /** Keys written or deleted in it. */
  readonly entries: number
}

export interface StateFileHandle extends StateDescription {
  readonly root: 'metadata' | 'data'
  /** Relative to the execution's directory below that root. */
  readonly path: string
  /** `sha256:<hex>` of the whole file. */
  readonly checksum: string
}

export interface InlineStateHandle extends StateDescription {
  /** The bytes in Base64. What it is written in has a checksum that covers them. */
  readonly inline: string
}

export function isInline(handle: StateHandle): handle is InlineStateHandle {
  return 'inline' in handle
}

/** The state files that tasks refer to, each once, though several tasks or operators may refer to it. */
export function stateFilesOf(tasks: readonly WithState[]): readonly StateFileHandle[] {
  const files = new Map<string, StateFileHandle>()
  for (const { state } of tasks) for (const handle of state) if (!isInline(handle)) files.set(handle.path, handle)
  return [...files.values()]
}

/** Bytes of state that a restore reads. */
export function stateSizeOf(tasks: readonly WithState[]): number {
  return sum(stateFilesOf(tasks)) + inlineSizeOf(tasks)
}

/** Bytes of those that lie in the metadata. */
export function inlineSizeOf(tasks: readonly WithState[]): number {
  return sum(tasks.flatMap(({ state }) => state.filter(isInline)))
}

/** The format of what holds these tasks: the oldest that can say it, so that older versions of Tidemark read it where they could. */
export function formatOf(tasks: readonly WithState[]): 1 | 2 {
  return tasks.some(({ state }) => state.some(isInline)) ? 2 : 1
}

/** For people, to begin a sentence with: the file, or whose state in the metadata, which may be that of a later checkpoint. */
export function nameOf(handle: StateHandle): string {
  return isInline(handle) ? `The state of operator '${handle.operator}' that chk-${handle.number} wrote` : handle.path
}

function sum(handles: readonly StateHandle[]): number {
  return handles.reduce((total, { size }) => total + size, 0)
}
