import { crc32 } from 'node:zlib'
import type { WriteOptions } from '../storage.js'

/** Enough to know one's own bytes again among those that somebody else may have written under the same name. */
export interface Fingerprint {
  readonly length: number
  readonly checksum: number
}

export async function fingerprintOf(chunks: AsyncIterable<Uint8Array>): Promise<Fingerprint> {
  let length = 0
  let checksum = 0
  for await (const chunk of chunks) {
    length += chunk.length
    checksum = crc32(chunk, checksum)
  }
  return { length, checksum }
}

/** Streams up to this length are written like bytes at hand, and so can be repeated; bytes. */
const repeatableLength = 4 * 1024 * 1024

/** What is to be written, and how often it can be had. */
export class Content {
  readonly #head: Uint8Array[]
  readonly #rest: AsyncIterator<Uint8Array> | undefined
  readonly #release: WriteOptions['release']
  #length = 0
  #checksum = 0
  #ended = false
  /** More than what is kept was handed out. */
  #spent = false
  /** The producer's own failure, which is not the store's. */
  failure: { readonly error: unknown } | undefined

  private constructor(head: Uint8Array[], rest?: AsyncIterator<Uint8Array>, release?: WriteOptions['release']) {
    this.#head = head
    this.#rest = rest
    this.#release = release
  }

  static async of(source: Uint8Array | AsyncIterable<Uint8Array>, release?: WriteOptions['release']): Promise<Content> {
    if (source instanceof Uint8Array) return new Content([source])
    const rest = source[Symbol.asyncIterator]()
    const head: Uint8Array[] = []
    for (let length = 0; length < repeatableLength; ) {
      const next = await rest.next()
      if (next.done === true) return new Content([Buffer.concat(head)])
      // The producer may use its buffer again.
      head.push(Buffer.from(next.value))
      length += next.value.length
      release?.(next.value)
    }
    return new Content(head, rest, release)
  }

  get repeatable(): boolean {
    return !this.#spent
  }

  /** For one request: bytes whose length is known, or a stream. */
  body(): Uint8Array | AsyncIterable<Uint8Array> {
    const [only] = this.#head
    if (this.#rest === undefined && only !== undefined) return only
    return this.#stream(this.#rest)
  }

  /** A piece of its body is of no more use to the request. */
  sent(piece: Uint8Array): void {
    // The head may be sent again.
    if (!this.#head.includes(piece)) this.#release?.(piece)
  }

  /** Of all of it; undefined where it was not handed out to its end. */
  fingerprint(): Fingerprint | undefined {
    const [only] = this.#head
    if (this.#rest === undefined && only !== undefined) return { length: only.length, checksum: crc32(only) }
    return this.#ended ? { length: this.#length, checksum: this.#checksum } : undefined
  }

  /** Who gives up tells the producer. */
  async release(): Promise<void> {
    if (!this.#ended) await this.#rest?.return?.()
  }

  async *#stream(rest: AsyncIterator<Uint8Array> | undefined): AsyncGenerator<Uint8Array> {
    this.#length = 0
    this.#checksum = 0
    for (const chunk of this.#head) yield this.#counted(chunk)
    this.#spent = true
    while (rest !== undefined) {
      const next = await this.#next(rest)
      if (next.done === true) break
      yield this.#counted(next.value)
    }
    this.#ended = true
  }

  async #next(rest: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    try {
      return await rest.next()
    } catch (error) {
      this.failure = { error }
      throw error
    }
  }

  #counted(chunk: Uint8Array): Uint8Array {
    this.#length += chunk.length
    this.#checksum = crc32(chunk, this.#checksum)
    return chunk
  }
}
