const entryPath = /(?:^|\/)metadata\/([^/]+)\/([^/]+)\/chk-(\d+)\/_metadata$/

/** Where an entry of a log lies; undefined for any other path. */
export function parseEntry(
  path: string,
): { readonly job: string; readonly log: string; readonly number: number } | undefined {
  const [, job, execution, number] = entryPath.exec(path) ?? []
  return job === undefined ? undefined : { job, log: `${job}/${execution}`, number: Number(number) }
}

/** What processes did to the entries of logs, in the order in which it happened: which there ever were, and whether one was written over another. */
export class EntryRecord {
  readonly #entries = new Map<string, Set<number>>()
  /** Highest number that was ever named, and those that got their name after a higher one: they count for nobody. */
  readonly #highest = new Map<string, number>()
  readonly #late = new Map<string, Set<number>>()
  readonly #there = new Set<string>()
  readonly #faults: { readonly job: string; readonly fault: string }[] = []

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
    return this.#faults.filter((one) => one.job === job).map(({ fault }) => fault)
  }

  /** It has its name, or whether it has is not known. */
  mayBeThere(path: string): void {
    const entry = parseEntry(path)
    if (entry !== undefined) this.#add(this.#entries, entry.log, entry.number)
  }

  /** It has got its name now. */
  named(path: string): void {
    const entry = parseEntry(path)
    if (entry === undefined) return
    const { job, log, number } = entry
    this.#add(this.#entries, log, number)
    if (this.#there.has(path)) this.#faults.push({ job, fault: `${path} was there, and was written again` })
    this.#there.add(path)
    this.noteIfLate(path)
    this.#highest.set(log, Math.max(this.#highest.get(log) ?? 0, number))
  }

  /** It has a number below the highest one, and a name since now, if at all. */
  noteIfLate(path: string): void {
    const entry = parseEntry(path)
    if (entry !== undefined && entry.number < (this.#highest.get(entry.log) ?? 0))
      this.#add(this.#late, entry.log, entry.number)
  }

  /** It has gone, or may have. */
  removed(path: string): void {
    this.#there.delete(path)
  }

  /** What was told may have been undone. */
  restart(): void {
    this.#there.clear()
    // The highest may have been taken back; a number that is lower than what is left is told from the next one on.
    this.#highest.clear()
  }

  #add(numbers: Map<string, Set<number>>, log: string, number: number): void {
    numbers.set(log, (numbers.get(log) ?? new Set()).add(number))
  }
}
