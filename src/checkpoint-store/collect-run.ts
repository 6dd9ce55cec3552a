import type { CollectionRules } from '../checkpoint/collection.js'
import type { AuditContext, AuditTrail } from './audit-trail.js'
import type { KnownExecution, WorkflowLookup } from './known-executions.js'
import type { Roots } from './roots.js'

export interface CollectRules extends CollectionRules {
  /** What a dead process left (a storage probe) goes at this age. */
  readonly leftoverAgeMs: number
}

/** What the parts of one collector's run share. */
export interface CollectRun {
  readonly roots: Roots
  readonly rules: CollectRules
  /** Nothing is changed. */
  readonly dry: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly context: AuditContext
  readonly trail: AuditTrail
  readonly known: readonly KnownExecution[]
  readonly workflow: WorkflowLookup
  /** Names of pins that are taken for gone, by the URI of the execution's folder. Filled by the first step. */
  readonly stalePins: Map<string, Set<string>>
  /** Filled on the way. */
  readonly problems: string[]
}
