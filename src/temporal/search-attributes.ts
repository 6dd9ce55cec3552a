/**
 * The search attributes that a job's workflow carries, so that jobs can be found and read with no worker up.
 * Part of the workflow bundle: it imports nothing but `@temporalio/common`.
 */
import { defineSearchAttributeKey, type SearchAttributeType } from '@temporalio/common'

/** The state of the job, as in `status`: `RUNNING`, `RESTARTING`, ... */
export const jobStateKey = defineSearchAttributeKey('TidemarkJobState', 'KEYWORD')
/** The name of the job's definition. */
export const definitionKey = defineSearchAttributeKey('TidemarkDefinition', 'KEYWORD')
/** The number of the newest completed checkpoint. */
export const latestCheckpointKey = defineSearchAttributeKey('TidemarkLatestCheckpoint', 'INT')
/** When that checkpoint completed: its age is what shows that a job's checkpoints fail, or do not come at all. */
export const lastCheckpointTimeKey = defineSearchAttributeKey('TidemarkLastCheckpointTime', 'DATETIME')
/** How many checkpoints of this execution have failed. */
export const failedCheckpointsKey = defineSearchAttributeKey('TidemarkFailedCheckpoints', 'INT')
/** How many checkpoints have failed since the last completed one. */
export const consecutiveFailuresKey = defineSearchAttributeKey('TidemarkConsecutiveFailures', 'INT')

/** The names of types as the server, its command line and its Web UI spell them. */
export type SearchAttributeTypeName = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList'

const typeNames: Record<SearchAttributeType, SearchAttributeTypeName> = {
  TEXT: 'Text',
  KEYWORD: 'Keyword',
  INT: 'Int',
  DOUBLE: 'Double',
  BOOL: 'Bool',
  DATETIME: 'Datetime',
  KEYWORD_LIST: 'KeywordList',
}

/** Our search attributes by name, in the order in which they are listed: `{ TidemarkJobState: 'Keyword', ... }`. */
export const searchAttributes: Readonly<Record<string, SearchAttributeTypeName>> = Object.fromEntries(
  [
    jobStateKey,
    definitionKey,
    latestCheckpointKey,
    lastCheckpointTimeKey,
    failedCheckpointsKey,
    consecutiveFailuresKey,
  ].map((key) => [key.name, typeNames[key.type]]),
)
