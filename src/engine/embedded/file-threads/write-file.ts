import { Readable } from 'node:stream'
import { checksumOf } from '../../../checkpoint/index.js'
import type { Storage } from '../../../storage/index.js'
import { inBatches } from './in-batches.js'
import type { OpenFilePort, WrittenFile } from './protocol.js'
import { writeElsewhere } from './write-elsewhere.js'
import { writeHashed } from './write-hashed.js'

/** Pieces that are encoded ahead of the storage. */
const piecesAhead = 16

/** What becomes a file, as it is encoded beside whatever else the thread has to do: a small one is there as a whole. */
export type Encoded =
  | { readonly whole: Buffer }
  | { readonly whole?: never; readonly batches: AsyncIterable<readonly Uint8Array[]> }

export async function beginFile(pieces: Iterable<Uint8Array>): Promise<Encoded> {
  const batches = inBatches(pieces)
  const { value: first = [] } = await batches.next()
  const second = await batches.next()
  if (second.done) return { whole: Buffer.concat(first) }
  async function* all() {
    yield first
    yield second.value as readonly Uint8Array[]
    yield* batches
  }
  return { batches: all() }
}

/**
 * A small file is written here; of a large one this thread does no more than encode it.
 * @param openFilePort absent: there is no other thread
 */
export async function writeFile(
  storage: Storage,
  name: string,
  encoded: Encoded,
  openFilePort?: OpenFilePort,
): Promise<WrittenFile> {
  if (encoded.whole !== undefined) {
    const { whole } = encoded
    await storage.write(name, whole)
    return { size: whole.length, checksum: checksumOf(whole) }
  }
  const { batches } = encoded
  if (openFilePort !== undefined) return writeElsewhere(await openFilePort(), storage, name, batches)
  const flat = Readable.from(inPieces(batches), { highWaterMark: piecesAhead })
  return writeHashed(storage, name, flat)
}

async function* inPieces(batches: AsyncIterable<readonly Uint8Array[]>): AsyncGenerator<Uint8Array> {
  for await (const batch of batches) yield* batch
}
