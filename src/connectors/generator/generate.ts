import { TidemarkError } from '../../errors.js'
import { from } from '../../pipeline/from.js'
import { checkSynchronous } from '../../pipeline/functions.js'
import { PositionLost, type Source, type SplitReader } from '../../pipeline/source.js'
import type { Stream } from '../../pipeline/stream.js'

export interface GenerateOptions<T> {
  /**
   * Record number `index`, from 0. The same index must give the same record, since a restored job asks for it again.
   */
  readonly make: (index: number) => T
  /** How many records there are; absent = no end. */
  readonly count?: number | undefined
  /** At most so many records a second in each task; absent = as fast as they are made. */
  readonly rate?: number | undefined
  /** Names the source in snapshots; needed where a job has several sources. */
  readonly id?: string | undefined
}

/** Records made up by a function: for trying out and for tests. */
export function generate<T>(options: GenerateOptions<T>): Stream<T> {
  return from(generatorSource(options), options)
}

export function generatorSource<T>(options: GenerateOptions<T>): Source<T, number> {
  const { count, make } = options
  checkSynchronous('generate', make)
  if (count !== undefined && (!Number.isSafeInteger(count) || count < 0)) {
    throw new TidemarkError('DefinitionError', `The count of generate must be a whole number from 0, not ${count}.`)
  }
  const end = count ?? Number.POSITIVE_INFINITY
  return {
    name: count === undefined ? 'generate()' : `generate(${count})`,
    bounded: count !== undefined,
    splits: async () => ['0'],
    async open(_split, position) {
      if (position !== undefined && (!Number.isSafeInteger(position) || position < 0 || position > end)) {
        throw new PositionLost(`The generator has no record ${JSON.stringify(position)}: its count is ${count}.`)
      }
      return new GeneratorReader(make, end, position ?? 0)
    },
  }
}

class GeneratorReader<T> implements SplitReader<T, number> {
  readonly #make: (index: number) => T
  readonly #end: number
  #next: number

  constructor(make: (index: number) => T, end: number, next: number) {
    this.#make = make
    this.#end = end
    this.#next = next
  }

  read(max: number) {
    const first = this.#next
    if (first >= this.#end) return 'end'
    const records: T[] = []
    for (let index = first; index < this.#end && records.length < max; index += 1) records.push(this.#make(index))
    this.#next = first + records.length
    return { records, where: (index: number) => `record ${first + index}` }
  }

  position(): number {
    return this.#next
  }

  describe(): string {
    return `record ${this.#next}`
  }

  async close(): Promise<void> {}
}
