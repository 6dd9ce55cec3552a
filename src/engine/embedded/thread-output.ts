import type { Writable } from 'node:stream'

/**
 * Has each line that user code prints begin with its origin, also where several tasks share this thread. A line is passed on once it is
 * whole, so that the lines of two tasks never mix.
 *
 * @param origin who prints just now
 * @returns passes on what is left, for the end of the thread
 */
export function prefixLines(stream: Writable, origin: () => string): () => void {
  const pass = stream.write.bind(stream)
  const lines = new Map<string, Lines>()
  const write = (chunk: string | Uint8Array, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    const from = origin()
    const known = lines.get(from) ?? new Lines(from)
    lines.set(from, known)
    const bytes =
      typeof chunk === 'string' ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8') : chunk
    const whole = known.add(bytes)
    if (!known.pending) lines.delete(from)
    return pass(whole, typeof encoding === 'function' ? encoding : done)
  }
  stream.write = write as typeof stream.write
  return () => {
    for (const left of lines.values()) pass(left.add(Buffer.from('\n')))
    lines.clear()
  }
}

type Done = (error?: Error | null) => void

class Lines {
  readonly #prefix: string
  /** Bytes, since a character may come in two pieces. */
  #begun = Buffer.alloc(0)

  constructor(origin: string) {
    this.#prefix = `[${origin}] `
  }

  get pending(): boolean {
    return this.#begun.length > 0
  }

  /** @returns the lines that are whole now */
  add(bytes: Uint8Array): string {
    const all = Buffer.concat([this.#begun, bytes])
    const end = all.lastIndexOf('\n') + 1
    this.#begun = all.subarray(end)
    const lines = all.toString('utf8', 0, end).split(/\r?\n/).slice(0, -1)
    return lines.map((line) => `${this.#prefix}${line}\n`).join('')
  }
}
