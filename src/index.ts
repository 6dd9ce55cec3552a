/** What a job is written with: import from `tidemark`. */

export { type PrintOptions, print } from './connectors/console/print.js'
export { type CsvOptions, csv } from './connectors/file-source/csv.js'
export type { FileSourceOptions } from './connectors/file-source/file-source.js'
export { type NdjsonOptions, ndjson } from './connectors/file-source/ndjson.js'
export { textFiles } from './connectors/file-source/text-files.js'
export { files } from './connectors/files/files.js'
export { type GenerateOptions, generate } from './connectors/generator/generate.js'
export { type ErrorClass, type ErrorCode, isTidemarkError, TidemarkError } from './errors.js'
export type { Json } from './json.js'
export { defineJob, isJobDefinition, type JobDefinition, type JobOptions } from './pipeline/define-job.js'
export { type FromOptions, from } from './pipeline/from.js'
export type { JobGraph } from './pipeline/graph.js'
export type { KeyField, KeySelector } from './pipeline/key.js'
export type {
  Collector,
  Key,
  KeyedState,
  Operator,
  OperatorContext,
  OperatorInstance,
  StatefulOperator,
} from './pipeline/operator.js'
export type { Pipeline } from './pipeline/plan.js'
export type { KeyContext, ProcessSpec } from './pipeline/process-spec.js'
export type { Keyed, ReduceSpec } from './pipeline/reduce.js'
export type {
  RecoveryContext,
  RecoveryReport,
  Sink,
  SinkContext,
  SinkGuarantee,
  SinkWriter,
} from './pipeline/sink.js'
export {
  type Batch,
  type Idle,
  PositionLost,
  type ReadResult,
  type Source,
  type SplitReader,
} from './pipeline/source.js'
export type { KeyedStream, Stream } from './pipeline/stream.js'
