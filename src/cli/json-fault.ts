/**
 * Where a text stops being JSON. `JSON.parse` names a position in some of its messages only, and words them differently from
 * one version of Node to the next.
 */
export interface JsonFault {
  /** Offset of the first character that cannot be there; the length of the text where more was expected. */
  readonly offset: number
  readonly expected: string
}

/** Undefined: the text is JSON. */
export function findJsonFault(text: string): JsonFault | undefined {
  const scanner = new Scanner(text)
  try {
    scanner.value()
    scanner.end()
    return undefined
  } catch (error) {
    if (error instanceof Stop) return { offset: error.offset, expected: error.message }
    throw error
  }
}

class Stop extends Error {
  readonly offset: number

  constructor(offset: number, expected: string) {
    super(expected)
    this.offset = offset
  }
}

const space = /[ \t\n\r]*/y
const literal = /true|false|null/y
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
/** As far as it goes: what follows must be the closing quote. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
const characters = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y

/** The grammar of RFC 8259, which tells only where it fails. */
class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): void {
    this.#take(space)
    const next = this.#text[this.#at]
    if (next === '{') this.#list('}', 'a name in double quotes or "}"', () => this.#member())
    else if (next === '[') this.#list(']', 'a value or "]"', () => this.value())
    else if (next === '"') this.#string()
    else if (!this.#take(literal) && !this.#take(number)) this.#stop('a value')
    this.#take(space)
  }

  end(): void {
    if (this.#at < this.#text.length) this.#stop('the end')
  }

  #list(close: string, first: string, item: () => void): void {
    this.#at++
    this.#take(space)
    if (this.#skip(close)) return
    if (close === '}' && this.#text[this.#at] !== '"') this.#stop(first)
    for (;;) {
      item()
      if (this.#skip(close)) return
      if (!this.#skip(',')) this.#stop(`"," or "${close}"`)
    }
  }

  #member(): void {
    this.#take(space)
    if (this.#text[this.#at] !== '"') this.#stop('a name in double quotes')
    this.#string()
    this.#take(space)
    if (!this.#skip(':')) this.#stop('":"')
    this.value()
  }

  #string(): void {
    this.#take(characters)
    if (!this.#skip('"')) this.#stop('the closing double quote of the text')
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    const taken = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += taken.length
    return taken !== ''
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #stop(expected: string): never {
    throw new Stop(this.#at, expected)
  }
}
