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
}

export interface OperatorStep {
  readonly kind: 'operator'
  readonly upstream: PlanStep
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly operator: Operator<any, any> | StatefulOperator<any, any>
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
