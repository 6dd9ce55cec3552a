import type { KeySelector } from './key.js'
import type { Operator, StatefulOperator } from './operator.js'
import type { Sink } from './sink.js'
import type { Source } from './source.js'

/**
 * What a stream remembers of how it was made: the way back to its source. Streams that share a step share the object.
 */
export type PlanStep = SourceStep | OperatorStep

export interface SourceStep {
  readonly kind: 'source'
  readonly id: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: record types are checked by Stream, where the steps are made
  readonly source: Source<any>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly partitionedBy?: KeySelector<any> | undefined
}

export interface OperatorStep {
  readonly kind: 'operator'
  readonly upstream: PlanStep
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly operator: Operator<any, any> | StatefulOperator<any, any>
  /** What its state is kept by, where `keyBy` said so. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly keyedBy?: KeySelector<any>
  /** Its output is the very records that it was given, or some of them. */
  readonly passesRecordsOn?: true
}

/** A stream that has its sink: what the `pipeline` of a definition returns. */
export class Pipeline {
  readonly upstream: PlanStep
  readonly id: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly sink: Sink<any>

  // biome-ignore lint/suspicious/noExplicitAny: as above
  constructor(upstream: PlanStep, sink: Sink<any>, id: string | undefined) {
    this.upstream = upstream
    this.sink = sink
    this.id = id
  }
}
