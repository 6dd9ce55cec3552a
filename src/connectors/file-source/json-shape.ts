import type { FileRecord } from './file-record.js'
import { endOfScalar, scalarOf } from './json-scalar.js'
import { Literal } from './literal.js'

/** Strings and other scalars; what lies between them in an object without nested values is punctuation. */
const scalars = /"(?:[^"\\]|\\.)*"|[^\s,:{}"]+/g
/** To learn a longer text by heart is not worth it. */
const longestText = 16 * 1024

/**
 * The text of a JSON object with the values left out: its keys, in their order, and all the punctuation. Another text that is the
 * same between its values is valid JSON where those are, and is read without looking at anything but them.
 */
export class JsonShape {
  /** An object with these keys, in this order. */
  readonly #template: Readonly<Record<string, unknown>>
  /** By value, its key where it is wanted. */
  readonly #keys: readonly (string | undefined)[]
  /** All that is before, between and behind the values. */
  readonly #between: readonly Literal[]

  private constructor(
    template: Readonly<Record<string, unknown>>,
    keys: readonly (string | undefined)[],
    between: readonly string[],
  ) {
    // Its own copy: the value is the caller's.
    this.#template = { ...template }
    this.#keys = keys
    this.#between = between.map((text) => new Literal(text))
  }

  /**
   * @param text whose `value` is what `JSON.parse` made of it
   * @param wanted the keys whose values are needed; absent = all
   * @returns undefined where the value is no object, or one that holds nested values, or a key twice
   */
  static of(text: string, value: unknown, wanted?: ReadonlySet<string>): JsonShape | undefined {
    if (text.length > longestText || !isFlat(value)) return undefined
    const found = [...text.matchAll(scalars)]
    // The value of a key that comes twice is hidden by the other one, and may be nested: then what is found is not keys and values in turn.
    if (found.length !== 2 * Object.keys(value).length) return undefined
    const keys: (string | undefined)[] = []
    const between: string[] = []
    let done = 0
    for (const [index, match] of found.entries()) {
      if (index % 2 === 0) {
        const key: string = JSON.parse(match[0])
        keys.push(wanted === undefined || wanted.has(key) ? key : undefined)
      } else {
        between.push(text.slice(done, match.index))
        done = match.index + match[0].length
      }
    }
    between.push(text.slice(done))
    return new JsonShape(value, keys, between)
  }

  /** An object for {@link read} to set the values of. */
  blank(): Record<string, unknown> {
    return { ...this.#template }
  }

  /**
   * Sets the wanted values of `into`, which {@link blank} has given, to those of the record.
   * @returns whether the record is of this shape; if not, some values may have been set nevertheless
   */
  read({ block, start, end }: FileRecord, into: Record<string, unknown>): boolean {
    const { bytes, view, utf8Until } = block
    if (end > utf8Until) return false
    const between = this.#between
    const keys = this.#keys
    let at = start
    for (let index = 0; ; index += 1) {
      const literal = between[index] as Literal
      if (at + literal.length > end || !literal.isAt(view, at)) return false
      at += literal.length
      if (index === keys.length) return at === end
      const valueEnd = endOfScalar(bytes, at)
      if (valueEnd < 0) return false
      const key = keys[index]
      if (key !== undefined) into[key] = scalarOf(block, at, valueEnd)
      at = valueEnd
    }
  }
}

function isFlat(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((field) => typeof field !== 'object' || field === null)
}
