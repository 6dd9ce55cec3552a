import type { ByteRange } from '../storage.js'
import type { OpenFile } from './file-system.js'

/** Bytes of the first chunk. Each is twice as large as the one before, so that a small file takes little memory and a large one few steps. */
const firstChunk = 64 * 1024
const largestChunk = 1024 * 1024

/**
 * The bytes of a range, read ahead by one chunk.
 * @param reuse whether a chunk may be overwritten once the next one is asked for
 */
export async function* readChunks(
  file: OpenFile,
  { start, end = Number.POSITIVE_INFINITY }: ByteRange,
  reuse: boolean,
): AsyncGenerator<Buffer> {
  const buffers = new ChunkBuffers(reuse)
  let reading = readChunk(file, start, end, buffers.next())
  for (let position = start; ; ) {
    const { chunk, more } = await reading
    position += chunk.length
    // While somebody looks at this one.
    if (more) reading = readChunk(file, position, end, buffers.next())
    if (chunk.length > 0) yield chunk
    if (!more) return
  }
}

/** Two take turns where they may be reused: one is looked at while the other is filled. */
class ChunkBuffers {
  readonly #reuse: boolean
  #size = firstChunk / 2
  #earlier: Buffer | undefined
  #latest: Buffer | undefined

  constructor(reuse: boolean) {
    this.#reuse = reuse
  }

  next(): Buffer {
    this.#size = Math.min(2 * this.#size, largestChunk)
    const free = this.#reuse && this.#earlier?.length === this.#size ? this.#earlier : undefined
    this.#earlier = this.#latest
    this.#latest = free ?? Buffer.allocUnsafeSlow(this.#size)
    return this.#latest
  }
}

interface Chunk {
  readonly chunk: Buffer
  readonly more: boolean
}

/** One byte at least is asked for: a folder opens like a file and is told apart by reading. */
function readChunk(file: OpenFile, position: number, end: number, whole: Buffer): Promise<Chunk> {
  const buffer = whole.subarray(0, Math.max(1, end - position))
  const reading = file.read(buffer, position).then((read) => {
    const length = Math.min(read, end - position)
    return { chunk: buffer.subarray(0, length), more: length === buffer.length && position + length < end }
  })
  // Whoever stops early does not want it any more.
  reading.catch(() => undefined)
  return reading
}
