import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { Sink, SinkWriter } from '../../pipeline/sink.js'

export interface PrintOptions {
  /** Put before each line. */
  readonly prefix?: string | undefined
}

/** Each record as one line of JSON on standard output, as it comes: after a failure some are printed again. */
export function print(options: PrintOptions = {}): Sink<unknown> {
  return printTo(process.stdout, options)
}

export function printTo(stream: Writable, options: PrintOptions = {}): Sink<unknown> {
  const prefix = options.prefix ?? ''
  return {
    name: 'print()',
    kind: 'print',
    guarantee: 'at-least-once',
    open: async () => new LineWriter(stream, prefix),
  }
}

class LineWriter implements SinkWriter<unknown> {
  readonly #stream: Writable
  readonly #prefix: string
  #text = ''

  constructor(stream: Writable, prefix: string) {
    this.#stream = stream
    this.#prefix = prefix
  }

  write(record: unknown): void {
    this.#text += `${this.#prefix}${JSON.stringify(record)}\n`
  }

  async flush(): Promise<void> {
    if (this.#text === '') return
    const text = this.#text
    this.#text = ''
    if (!this.#stream.write(text)) await once(this.#stream, 'drain')
  }

  async cut(): Promise<readonly []> {
    await this.flush()
    return []
  }

  async commit(): Promise<void> {}

  async close(): Promise<void> {
    await this.flush()
  }
}
