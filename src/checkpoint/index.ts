export * from './ancestry.js'
export { buildClosed, type ClosingFacts } from './closing.js'
export {
  decodeEntry,
  decodeExecutionRecord,
  decodePart,
  decodeSplitList,
  encodeEntry,
  encodeExecutionRecord,
  encodePart,
  encodeSplitList,
} from './codecs.js'
export * from './entry.js'
export * from './execution-record.js'
export { orderByLineage } from './lineage.js'
export { countsAfter, firstNumber, visible } from './log-rules.js'
export * from './paths.js'
export { type Choice, chooseLatest, chooseNumber, type ExecutionFacts } from './resolve.js'
export { planAlive, type RetentionFacts } from './retention-plan.js'
export { aliveAfterEnding, type EndingFacts, retentionTable } from './retention-table.js'
export { checksumOf } from './sealed-json.js'
