import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'

const indent = '     '
const width = 100

/** Tells the story on a terminal or into a file: headings with the time, sentences, facts and checks. */
export class Narrator {
  readonly #out: WriteStream
  readonly #begun = performance.now()
  #headings = 0
  #checks = 0

  constructor(out: WriteStream) {
    this.#out = out
  }

  get seconds(): string {
    return ((performance.now() - this.#begun) / 1000).toFixed(1)
  }

  /** How many checks have held so far. */
  get checks(): number {
    return this.#checks
  }

  heading(text: string): void {
    this.#headings += 1
    const number = String(this.#headings).padStart(3)
    const time = `${this.seconds} s`.padStart(Math.max(1, width - text.length - 5))
    this.#line(`\n${number}  ${this.#style('bold', text)}${this.#style('dim', time)}`)
  }

  say(text: string): void {
    for (const line of wrapped(text, width - indent.length)) this.#line(indent + line)
  }

  /** An address or a line of figures: set apart, and never wrapped. */
  fact(text: string): void {
    this.#line(`${indent}  ${this.#style('dim', text)}`)
  }

  checked(text: string): void {
    this.#checks += 1
    const [first = '', ...rest] = wrapped(text, width - indent.length - 2)
    this.#line(`${indent}${this.#style('green', '✓')} ${first}`)
    for (const line of rest) this.#line(`${indent}  ${line}`)
  }

  verdict(text: string, good: boolean): void {
    this.#line('')
    for (const line of wrapped(text, width)) this.#line(this.#style(good ? 'green' : 'red', line))
  }

  #line(text: string): void {
    this.#out.write(`${text}\n`)
  }

  /** Colours only where somebody sees them. */
  #style(format: 'bold' | 'dim' | 'green' | 'red', text: string): string {
    return this.#out.isTTY && this.#out.hasColors() ? styleText(format, text) : text
  }
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
