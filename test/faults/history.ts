import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { JournalStep } from '../support/faults/power-cut.js'

const entryPath = /\/metadata\/([^/]+)\/([^/]+)\/chk-(\d+)\/_metadata$/

/** A line that one process has written may lie in its file a moment later than a younger one of another. Microseconds. */
const slack = 100_000

/**
 * What the worker processes did to logs, read from their journals as these grow: which entries were ever written, and whether one
 * was written over another.
 */
export class History {
  readonly #folder: string
  readonly #read = new Map<string, { offset: number; rest: string }>()
  readonly #begun = new Map<string, JournalStep>()
  readonly #entries = new Map<string, Set<number>>()
  /** Highest number that was ever named, and those that got their name after a higher one: they count for nobody. */
  readonly #highest = new Map<string, number>()
  readonly #late = new Map<string, Set<number>>()
  #ended: JournalStep[] = []
  #there = new Set<string>()
  readonly #faults: string[] = []

  constructor({ directory }: { readonly directory: string }) {
    this.#folder = join(directory, 'journal')
  }

  /** Numbers of an execution's entries that were ever given their name, whatever became of them. */
  entries(job: string, execution: string): ReadonlySet<number> {
    return this.#entries.get(`${job}/${execution}`) ?? new Set()
  }

  /** Those that a late writer put where a discarded one had been. */
  late(job: string, execution: string): ReadonlySet<number> {
    return this.#late.get(`${job}/${execution}`) ?? new Set()
  }

  /** Entries of a job that were written over others. */
  faultsOf(job: string): readonly string[] {
    return this.#faults.filter((fault) => fault.includes(`/metadata/${job}/`))
  }

  /** Reads on to where the journals end now; what has just happened is waited for. */
  async collect(): Promise<void> {
    await pause((2 * slack) / 1_000)
    const until = Number(process.hrtime.bigint() / 1000n) - slack
    for (const name of await readdir(this.#folder)) for (const line of await this.#linesOf(name)) this.#note(line)
    const settled = this.#ended.filter(({ end }) => (end ?? 0) <= until).sort((a, b) => (a.end ?? 0) - (b.end ?? 0))
    this.#ended = this.#ended.filter(({ end }) => (end ?? 0) > until)
    for (const step of settled) this.#happened(step)
  }

  /** The journals were emptied, with nobody writing them, and what they told may have been undone. */
  restart(): void {
    this.#read.clear()
    this.#begun.clear()
    this.#ended = []
    this.#there = new Set()
    // The highest may have been taken back; a number that is lower than what is left is told from the next one on.
    this.#highest.clear()
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
      const [, job, execution, number] = entryPath.exec(line.path) ?? []
      if (job === undefined) return
      this.#begun.set(line.id, line)
      if (line.op === 'unlink') return
      // Whether it happened is not known, if the process dies in it.
      const key = `${job}/${execution}`
      this.#entries.set(key, (this.#entries.get(key) ?? new Set()).add(Number(number)))
      return
    }
    const begun = this.#begun.get(line.id)
    this.#begun.delete(line.id)
    if (begun !== undefined && line.failed === undefined) this.#ended.push({ ...begun, ...line })
  }

  #happened({ op, path }: JournalStep): void {
    if (op === 'unlink') {
      this.#there.delete(path)
      return
    }
    if (this.#there.has(path)) this.#faults.push(`${path} was there, and was written again`)
    this.#there.add(path)
    const [, job, execution, text] = entryPath.exec(path) ?? []
    const key = `${job}/${execution}`
    const number = Number(text)
    const highest = this.#highest.get(key) ?? 0
    if (number < highest) this.#late.set(key, (this.#late.get(key) ?? new Set()).add(number))
    this.#highest.set(key, Math.max(highest, number))
  }
}
