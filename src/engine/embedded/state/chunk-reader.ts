/** Takes pieces of any length off a stream of chunks, which may reuse its memory: a piece is a copy. Holds no more than the piece and one chunk. */
export class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next `length` bytes, in memory of their own; fewer only at the end. */
  async take(length: number): Promise<Buffer> {
    // Taken from the system when it is written to: a damaged length costs nothing.
    const taken = Buffer.allocUnsafeSlow(length)
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
}
