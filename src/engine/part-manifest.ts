import type { DefinitionRecord, OperatorRecord, TaskSnapshot } from '../checkpoint/entry.js'

/** What one host contributes to a snapshot, written as JSON to `chk-<n>/part-<attempt>-<host>.json` below the metadata root. */
export interface PartManifest {
  /** 2 where state lies in it. */
  readonly formatVersion: 1 | 2
  readonly execution: string
  readonly number: number
  readonly attempt: number
  readonly host: string
  readonly definition: DefinitionRecord
  readonly operators: readonly OperatorRecord[]
  readonly tasks: readonly TaskSnapshot[]
  /** The confirmed snapshot on whose state files this one builds, where it does. */
  readonly parent?: number
}
