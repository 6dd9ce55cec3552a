import type { StateHandle } from '../../../checkpoint/entry.js'
import type { WireError } from '../wire-error.js'

// A file that is written by another thread has a port of its own. Whoever encodes it has one end, and closes it; a port that is closed
// before its time means that nobody is there at the other end.

export type ToWriter =
  /** First of all: which file, of which store. */
  | { readonly kind: 'file'; readonly root: string; readonly name: string }
  | { readonly kind: 'pieces'; readonly pieces: readonly Uint8Array[] }
  | { readonly kind: 'end' }

export type FromWriter =
  /** The oldest pieces that were not taken yet are. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'written'; readonly file: WrittenFile }
  | { readonly kind: 'failed'; readonly error: WireError }

/** A file that is durable. */
export interface WrittenFile extends Pick<StateHandle, 'size' | 'checksum'> {}
