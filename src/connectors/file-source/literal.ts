/** Text that is looked for at a place, four bytes at a time. */
export class Literal {
  readonly length: number
  readonly #words: Int32Array
  readonly #rest: Uint8Array

  constructor(text: string) {
    const bytes = Buffer.from(text)
    this.length = bytes.length
    this.#words = Int32Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readInt32LE(index * 4))
    this.#rest = bytes.subarray(this.#words.length * 4)
  }

  /** @param at with at least as many bytes behind it as the literal has */
  isAt(view: DataView, at: number): boolean {
    const words = this.#words
    let from = at
    for (let index = 0; index < words.length; index += 1, from += 4) {
      if (view.getInt32(from, true) !== words[index]) return false
    }
    const rest = this.#rest
    for (let index = 0; index < rest.length; index += 1, from += 1) {
      if (view.getUint8(from) !== rest[index]) return false
    }
    return true
  }
}
