import type { Json } from '../json.js'
import type { KeySelector } from './key.js'
import { limitRate } from './rate-limit.js'
import type { Source } from './source.js'
import { Stream } from './stream.js'

export interface FromOptions<T> {
  /** Names the source in snapshots, which keep its positions under it; needed where a job has several sources. */
  readonly id?: string | undefined
  /** At most so many records a second in each task, more than 0; absent = as fast as it goes. */
  readonly rate?: number | undefined
  /**
   * Promises that records of one key never appear in two splits. Where `keyBy` is given the same field, or the very same function, its
   * state is then kept for each split apart and moves with it, so that several tasks may share the splits. What breaks the
   * promise is an error where it is noticed, in a task that reads both splits at a time.
   */
  readonly partitionedBy?: KeySelector<T> | undefined
}

/** The records of a source, ours or your own. */
export function from<T, P extends Json>(source: Source<T, P>, options: FromOptions<T> = {}): Stream<T> {
  const limited = options.rate === undefined ? source : limitRate(source, options.rate)
  return new Stream({ kind: 'source', id: options.id, source: limited, partitionedBy: options.partitionedBy })
}
