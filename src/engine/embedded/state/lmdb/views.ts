/** Longer ones are made anew, bytes. */
const longest = 1024

/** Views of the memory into which a library reads: one for each length, since making one takes longer than reading. */
export class Views {
  readonly #views: Uint8Array[] = []

  /** Good until the next of this length. */
  of(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array {
    const known = this.#views[length]
    if (known !== undefined && known.buffer === buffer && known.byteOffset === offset) return known
    const view = new Uint8Array(buffer, offset, length)
    if (length <= longest) this.#views[length] = view
    return view
  }
}
