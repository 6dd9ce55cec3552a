import type { PartManifest } from '../engine/part-manifest.js'
import type { SplitList } from '../engine/split-list.js'
import { defineCodec } from './codec.js'
import type { LogEntry } from './entry.js'
import { entryV1 } from './entry-v1.js'
import { entryV2 } from './entry-v2.js'
import type { ExecutionRecord } from './execution-record.js'
import { executionRecordV1 } from './execution-record-v1.js'
import { partV1 } from './part-v1.js'
import { partV2 } from './part-v2.js'
import { splitListV1 } from './split-list-v1.js'

const entries = defineCodec<LogEntry>('log entry', [entryV1, entryV2])
const records = defineCodec<ExecutionRecord>('execution record', [executionRecordV1])
const parts = defineCodec<PartManifest>('part manifest', [partV1, partV2])
const splitLists = defineCodec<SplitList>('list of splits', [splitListV1])

/** Equal entries give equal bytes. Errors: `InvariantBroken` for an entry that could not be read back. */
export const encodeEntry = entries.encode
/** Errors: `CheckpointDamaged`, `UnsupportedFormat`, both naming the path where one is given. */
export const decodeEntry = entries.decode
export const encodeExecutionRecord = records.encode
export const decodeExecutionRecord = records.decode
export const encodePart = parts.encode
export const decodePart = parts.decode
export const encodeSplitList = splitLists.encode
export const decodeSplitList = splitLists.decode
