import { createHash } from 'node:crypto'
import type { Storage, WriteOptions } from '../../../storage/index.js'
import type { WrittenFile } from './protocol.js'

/** Writes a file as it comes, with flat memory. */
export async function writeHashed(
  storage: Storage,
  name: string,
  pieces: AsyncIterable<Uint8Array>,
  options?: WriteOptions,
): Promise<WrittenFile> {
  const hash = createHash('sha256')
  let size = 0
  async function* hashed() {
    for await (const piece of pieces) {
      hash.update(piece)
      size += piece.length
      yield piece
    }
  }
  await storage.write(name, hashed(), options)
  return { size, checksum: `sha256:${hash.digest('hex')}` }
}
