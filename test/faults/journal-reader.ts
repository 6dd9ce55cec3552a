import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { JournalStep } from '../support/faults/power-cut.js'
import { type EntryRecord, parseEntry } from './entry-record.js'

/** A line that one process has written may lie in its file a moment later than a younger one of another. Microseconds. */
const slack = 100_000

/** What the worker processes did to logs in a file system, read from their journals as these grow. */
export class JournalReader {
  readonly #folder: string
  readonly #record: EntryRecord
  readonly #read = new Map<string, { offset: number; rest: string }>()
  readonly #begun = new Map<string, JournalStep>()
  #ended: JournalStep[] = []

  constructor({ directory }: { readonly directory: string }, record: EntryRecord) {
    this.#folder = join(directory, 'journal')
    this.#record = record
  }

  /** Reads on to where the journals end now; what has just happened is waited for. */
  async collect(): Promise<void> {
    await pause((2 * slack) / 1_000)
    const until = Number(process.hrtime.bigint() / 1000n) - slack
    for (const name of await readdir(this.#folder)) for (const line of await this.#linesOf(name)) this.#note(line)
    const settled = this.#ended.filter(({ end }) => (end ?? 0) <= until).sort((a, b) => (a.end ?? 0) - (b.end ?? 0))
    this.#ended = this.#ended.filter(({ end }) => (end ?? 0) > until)
    for (const { op, path } of settled) {
      if (op === 'unlink') this.#record.removed(path)
      else this.#record.named(path)
    }
  }

  /** The journals were emptied, with nobody writing them, and what they told may have been undone. */
  restart(): void {
    this.#read.clear()
    this.#begun.clear()
    this.#ended = []
    this.#record.restart()
  }

  async #linesOf(name: string): Promise<string[]> {
    const seen = this.#read.get(name) ?? { offset: 0, rest: '' }
    const file = await open(join(this.#folder, name))
    try {
      const { size } = await file.stat()
      const { buffer } = await file.read(Buffer.alloc(size - seen.offset), 0, size - seen.offset, seen.offset)
      const lines = (seen.rest + buffer.toString()).split('\n')
      this.#read.set(name, { offset: size, rest: lines.pop() ?? '' })
      return lines
    } finally {
      await file.close()
    }
  }

  #note(text: string): void {
    // Most lines are of files: those are not parsed.
    if (text.includes('"begin"') ? !/"(link|rename|unlink)".*_metadata"/.test(text) : this.#begun.size === 0) return
    const line = JSON.parse(text) as JournalStep
    if (line.begin !== undefined) {
      if (parseEntry(line.path) === undefined) return
      this.#begun.set(line.id, line)
      // Whether it happened is not known, if the process dies in it.
      if (line.op !== 'unlink') this.#record.mayBeThere(line.path)
      return
    }
    const begun = this.#begun.get(line.id)
    this.#begun.delete(line.id)
    if (begun !== undefined && line.failed === undefined) this.#ended.push({ ...begun, ...line })
  }
}
