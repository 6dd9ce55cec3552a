import { TidemarkError } from '../errors.js'
import type { Json } from '../json.js'
import type { Batch, Idle, ReadResult, Source, SplitReader } from './source.js'

/**
 * The longest pause a limited reader asks for, milliseconds; and so how soon a slow job notices the end of its input.
 */
const longestIdle = 1000
/** A reader that was held up may catch up on so much, seconds. */
const burst = 0.1

/** The source at no more than `rate` records a second, counted over all splits that a task reads from it. */
export function limitRate<T, P extends Json>(
  source: Source<T, P>,
  rate: number,
  clock: () => number = () => performance.now(),
): Source<T, P> {
  if (!Number.isFinite(rate) || rate <= 0) {
    throw new TidemarkError('DefinitionError', `The rate of ${source.name} must be more than 0 a second, not ${rate}.`)
  }
  const allowance = new Allowance(rate, clock)
  return {
    name: source.name,
    bounded: source.bounded,
    splits: () => source.splits(),
    open: async (split, position) => new LimitedReader(await source.open(split, position), allowance),
  }
}

/** How many records may be read now: it grows with time, up to a short burst. */
class Allowance {
  readonly #perMs: number
  readonly #most: number
  readonly #clock: () => number
  #left = 1
  #counted: number

  constructor(rate: number, clock: () => number) {
    this.#perMs = rate / 1000
    this.#most = Math.max(1, rate * burst)
    this.#clock = clock
    this.#counted = clock()
  }

  take(max: number): number {
    const now = this.#clock()
    this.#left = Math.min(this.#most, this.#left + (now - this.#counted) * this.#perMs)
    this.#counted = now
    const taken = Math.min(max, Math.floor(this.#left))
    this.#left -= taken
    return taken
  }

  giveBack(unused: number): void {
    this.#left += unused
  }

  /** Milliseconds until the next record may be read. */
  wait(): number {
    return Math.min(longestIdle, Math.max(1, Math.ceil((1 - this.#left) / this.#perMs)))
  }
}

class LimitedReader<T, P extends Json> implements SplitReader<T, P> {
  readonly #inner: SplitReader<T, P>
  readonly #allowance: Allowance

  constructor(inner: SplitReader<T, P>, allowance: Allowance) {
    this.#inner = inner
    this.#allowance = allowance
  }

  read(max: number): ReadResult<T> | Promise<ReadResult<T>> {
    const granted = this.#allowance.take(max)
    if (granted === 0) return { idle: this.#allowance.wait() }
    const result = this.#inner.read(granted)
    return result instanceof Promise
      ? result.then((settled) => this.#settle(settled, granted))
      : this.#settle(result, granted)
  }

  #settle(result: ReadResult<T>, granted: number): ReadResult<T> {
    this.#allowance.giveBack(granted - countOf(result))
    return result
  }

  position(): P {
    return this.#inner.position()
  }

  describe(): string {
    return this.#inner.describe()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

function countOf<T>(result: Batch<T> | Idle | 'end'): number {
  return result === 'end' || 'idle' in result ? 0 : result.records.length
}
