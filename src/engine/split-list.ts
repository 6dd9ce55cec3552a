/**
 * What each source had to read when an attempt on several hosts began, written as JSON to `chk-<claim>/splits-<attempt>-<host>.json` below the
 * metadata root. From the same list every host computes the same assignment.
 */
export interface SplitList {
  readonly formatVersion: 1
  readonly execution: string
  readonly claim: number
  readonly attempt: number
  /** sha256 of the job file that listed them, hexadecimal. */
  readonly build: string
  readonly sources: readonly ListedSource[]
}

export interface ListedSource {
  /** Operator id. */
  readonly source: string
  readonly splits: readonly string[]
}
