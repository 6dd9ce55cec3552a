import type { Json } from '../json.js'
import { limitRate } from './rate-limit.js'
import type { Source } from './source.js'
import { Stream } from './stream.js'

export interface FromOptions {
  /** Names the source in snapshots, which keep its positions under it; needed where a job has several sources. */
  readonly id?: string | undefined
  /** At most so many records a second in each task, more than 0; absent = as fast as it goes. */
  readonly rate?: number | undefined
}

/** The records of a source, ours or your own. */
export function from<T, P extends Json>(source: Source<T, P>, options: FromOptions = {}): Stream<T> {
  const limited = options.rate === undefined ? source : limitRate(source, options.rate)
  return new Stream({ kind: 'source', id: options.id, source: limited })
}
