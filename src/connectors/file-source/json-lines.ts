import { type FileRecord, textOf } from './file-record.js'
import { JsonShape } from './json-shape.js'

const mostShapes = 4
/** As much time as reading so many texts by a shape saves. */
const learningCost = 16
const missCost = 1
const mostCredit = 16 * learningCost
/** Where shapes do not pay, so many texts are parsed before they are tried again, for as long as this credit lasts. */
const pause = 2000
const creditAfterPause = 2 * learningCost

interface Learned {
  readonly shape: JsonShape
  readonly object: Record<string, unknown>
}

/**
 * Parses texts that are mostly alike: the next one is expected to have the keys of an earlier one in the same order, so that only
 * its values are looked at. One that has not is left to `JSON.parse`. After Bonetta and Brantner, FAD.js: Fast JSON Data Access
 * Using JIT-based Speculative Optimizations, VLDB 2017.
 */
export class JsonLines {
  readonly #keysRead: ReadonlySet<string> | undefined
  readonly #learned: Learned[] = []
  #last = 0
  #oldest = 0
  #credit = mostCredit
  /** So many texts are not tried. */
  #pause = 0

  /**
   * @param keysRead the keys of an object whose values are read, and at once, so that the next text may give the same object with
   *   other values, and without those of other keys. Absent = each object is whole and a new one.
   */
  constructor(keysRead: ReadonlySet<string> | undefined) {
    this.#keysRead = keysRead
  }

  /**
   * The value of a record, as `JSON.parse` gives it.
   * @throws SyntaxError by `JSON.parse`
   * @throws NotUtf8
   */
  parse(record: FileRecord): unknown {
    if (this.#pause > 0) {
      this.#pause -= 1
      return JSON.parse(textOf(record))
    }
    const learned = this.#learned
    for (let tried = 0; tried < learned.length; tried += 1) {
      const index = (this.#last + tried) % learned.length
      const { shape, object } = learned[index] as Learned
      const into = this.#keysRead === undefined ? shape.blank() : object
      if (shape.read(record, into)) {
        this.#last = index
        if (this.#credit < mostCredit) this.#credit += 1
        return into
      }
    }
    const text = textOf(record)
    const value: unknown = JSON.parse(text)
    this.#missed(text, value)
    return value
  }

  #missed(text: string, value: unknown): void {
    this.#credit -= missCost
    if (this.#credit >= learningCost) this.#learn(text, value)
    if (this.#credit > 0) return
    this.#pause = pause
    this.#credit = creditAfterPause
  }

  #learn(text: string, value: unknown): void {
    this.#credit -= learningCost
    const shape = JsonShape.of(text, value, this.#keysRead)
    if (shape === undefined) return
    this.#last = this.#learned.length < mostShapes ? this.#learned.length : this.#oldest
    this.#learned[this.#last] = { shape, object: shape.blank() }
    this.#oldest = (this.#last + 1) % mostShapes
  }
}
