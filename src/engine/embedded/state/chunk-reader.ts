/** Takes pieces of any length off a stream of chunks, which may reuse its memory: a piece is a copy. Holds no more than the piece and one chunk. */
export class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next `length` bytes; fewer only at the end. */
  async take(length: number): Promise<Buffer> {
    const pieces: Uint8Array[] = []
    for (let missing = length; ; ) {
      const piece = this.#rest.subarray(0, missing)
      this.#rest = this.#rest.subarray(piece.length)
      missing -= piece.length
      // Where it goes on in another chunk, that may take the place of this one.
      pieces.push(missing === 0 ? piece : Buffer.from(piece))
      if (missing === 0) break
      const next = await this.#chunks.next()
      if (next.done) break
      this.#rest = next.value
    }
    return Buffer.concat(pieces)
  }

  /** Reads to the end, for the checks that come with it. */
  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }
}
