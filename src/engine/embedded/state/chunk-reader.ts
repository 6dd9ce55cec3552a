/**
 * Bytes that are taken from the system at once, at most. Of less than 32 MiB glibc makes a heap for each thread, which stays with the process when the thread has
 * ended (it takes no more for a mapping of its own, see `M_MMAP_THRESHOLD` in mallopt(3)): a worker would grow by the state of each job that it has restored.
 */
const slabSize = 33 * 1024 * 1024

/** Where numbers of any size may lie. */
const alignment = 8

/** Takes pieces of any length off a stream of chunks, which may reuse its memory: a piece is a copy. Pieces share memory, which goes with the last of them. */
export class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = Buffer.alloc(0)
  #slab: Buffer = Buffer.alloc(0)
  /** Bytes that no slab is there for. */
  #ahead: number

  /** @param size of all that will be taken, bytes, as far as it is known */
  constructor(chunks: AsyncIterable<Uint8Array>, size = 0) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#ahead = size
  }

  /** The next `length` bytes; fewer only at the end. */
  async take(length: number): Promise<Buffer> {
    const taken = this.#memory(length)
    for (let filled = 0; ; ) {
      const piece = this.#rest.subarray(0, length - filled)
      taken.set(piece, filled)
      filled += piece.length
      this.#rest = this.#rest.subarray(piece.length)
      if (filled === length) return taken
      const next = await this.#chunks.next()
      if (next.done) return taken.subarray(0, filled)
      this.#rest = next.value
    }
  }

  /** Reads to the end, for the checks that come with it. */
  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }

  #memory(length: number): Buffer {
    if (length > this.#slab.length) {
      const size = Math.max(length, Math.min(slabSize, this.#ahead))
      // Taken from the system when it is written to: a damaged length costs nothing.
      this.#slab = Buffer.allocUnsafeSlow(size)
      this.#ahead -= size
    }
    const memory = this.#slab.subarray(0, length)
    this.#slab = this.#slab.subarray(Math.ceil(length / alignment) * alignment)
    return memory
  }
}
