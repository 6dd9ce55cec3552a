import type { Operator, StatefulOperator } from './operator.js'
import type { Sink } from './sink.js'
import type { Source } from './source.js'

/** A checked pipeline, ready for an engine: a tree below each source. Ids are unique. */
export interface JobGraph {
  readonly sources: readonly SourceNode[]
}

export interface SourceNode {
  readonly kind: 'source'
  readonly id: string
  // biome-ignore lint/suspicious/noExplicitAny: the record type is checked where the pipeline is written
  readonly source: Source<any>
  readonly downstream: readonly DownstreamNode[]
}

export type DownstreamNode = OperatorNode | SinkNode

/** Whose one keyed state is: of all splits that a job reads together, or of each split. */
export type StateScope = 'job' | 'split'

export interface OperatorNode {
  readonly kind: 'operator'
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly operator: Operator<any, any> | StatefulOperator<any, any>
  readonly stateful: boolean
  /** Of its keyed state, where it has one. */
  readonly scope: StateScope
  readonly downstream: readonly DownstreamNode[]
}

export interface SinkNode {
  readonly kind: 'sink'
  readonly id: string
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly sink: Sink<any>
}
