import type { ArrivingRequest, Fault } from '../../support/fault-proxy.js'

/** What a request does to a store, whichever protocol it is of. */
export type StoreOperation =
  | 'put'
  /** An object's bytes are asked for; on HDFS of the name node, which says where they are. */
  | 'get'
  /** HDFS: the bytes themselves, of a data node. */
  | 'download'
  | 'head'
  | 'list'
  | 'delete'
  /** HDFS: an empty temporary is made. */
  | 'create'
  /** HDFS: its content goes to a data node. */
  | 'upload'
  /** HDFS: it gets its name. */
  | 'rename'
  | 'makeFolder'

export interface StoreStep {
  readonly op: StoreOperation
  /** From the range's directory: `metadata/...` or `state/...`. Of a `rename` where it leads; several where one request deletes many. */
  readonly paths: readonly string[]
  /** Of what is written, the first 4 kB; of a `rename`, of what was uploaded to its source. */
  readonly head?: string
}

/** One protocol: what its requests mean, and what its servers say when they will not. */
export interface Dialect {
  /** Undefined: it concerns nothing below the roots. */
  read(request: ArrivingRequest): Promise<StoreStep | undefined>
  /** What may come in place of an answer. */
  readonly errors: readonly Fault[]
}

export const headLength = 4096

/** What any network does to any request. */
export const brokenWays: readonly Fault[] = ['reset', 'half request', 'lost answer', 'half answer', { status: 500 }]
