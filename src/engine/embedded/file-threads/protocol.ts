import type { MessagePort } from 'node:worker_threads'
import type { StateFileHandle } from '../../../checkpoint/state-handle.js'
import type { WireError } from '../../../threads/wire-error.js'
import type { RestoreReference } from '../../engine.js'

// A file that is written or read by another thread has a port of its own. Whoever has the content of it, or wants that, has one end, and closes it; a
// port that is closed before its time means that nobody is there at the other end.

/** One end of a port over which another thread writes or reads one file. */
export type OpenFilePort = () => Promise<MessagePort>

export type ToFileThread =
  /** First of all: which file is to be written, of which store. */
  | { readonly kind: 'write'; readonly root: string; readonly name: string }
  | { readonly kind: 'pieces'; readonly pieces: readonly Uint8Array[] }
  | { readonly kind: 'end' }
  /** Or first of all: which state file of a snapshot is to be read. */
  | { readonly kind: 'read'; readonly snapshot: RestoreReference; readonly handle: StateFileHandle }
  /** A chunk has been looked at, and gives its memory back. */
  | { readonly kind: 'free'; readonly memory: ArrayBuffer }

export type FromFileThread =
  /** The oldest pieces that were not taken yet are. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'written'; readonly file: WrittenFile }
  | { readonly kind: 'chunk'; readonly chunk: Uint8Array<ArrayBuffer> }
  /** The file is read, and was what its handle says. */
  | { readonly kind: 'read' }
  | { readonly kind: 'failed'; readonly error: WireError }

/** A file that is durable. */
export interface WrittenFile extends Pick<StateFileHandle, 'size' | 'checksum'> {}
