import { Readable } from 'node:stream'
import { checksumOf } from '../../../checkpoint/index.js'
import type { Storage } from '../../../storage/index.js'
import { inBatches } from './in-batches.js'
import type { OpenFilePort, WrittenFile } from './protocol.js'
import { writeElsewhere } from './write-elsewhere.js'
import { writeHashed } from './write-hashed.js'

/** Pieces that are encoded ahead of the storage. */
const piecesAhead = 16

/**
 * Writes pieces as they are encoded, beside whatever else the thread has to do. A small file is written here; of a large one this thread does no
 * more than encode it.
 * @param openFilePort absent: there is no other thread
 */
export async function writeFile(
  storage: Storage,
  name: string,
  pieces: Iterable<Uint8Array>,
  openFilePort?: OpenFilePort,
): Promise<WrittenFile> {
  const batches = inBatches(pieces)
  const { value: first = [] } = await batches.next()
  const second = await batches.next()
  if (second.done) {
    const bytes = Buffer.concat(first)
    await storage.write(name, bytes)
    return { size: bytes.length, checksum: checksumOf(bytes) }
  }
  async function* all() {
    yield first
    yield second.value as readonly Uint8Array[]
    yield* batches
  }
  if (openFilePort !== undefined) return writeElsewhere(await openFilePort(), storage, name, all())
  const flat = Readable.from(inPieces(all()), { highWaterMark: piecesAhead })
  return writeHashed(storage, name, flat)
}

async function* inPieces(batches: AsyncIterable<readonly Uint8Array[]>): AsyncGenerator<Uint8Array> {
  for await (const batch of batches) yield* batch
}
