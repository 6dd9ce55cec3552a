import { parseEntryPath, parsePartPath, parseSnapshotOfFile, parseSplitListPath } from './paths.js'
import { stateFilesOf, type WithState } from './state-handle.js'

export interface DiscardFacts {
  /** Number of the newest entry. */
  readonly newest: number
  /** The newest entry is `closed`: no snapshot can follow, so files numbered above it are as much garbage as those below. */
  readonly final?: boolean
  /** Snapshots that must stay: alive in the newest entry, or pinned; with their metadata, `undefined` where it could not be read. */
  readonly kept: ReadonlyMap<number, { readonly tasks: readonly WithState[] } | undefined>
  /** Names of all files below the execution's folder, for each root; where both roots are one, the second list is empty. */
  readonly metadataFiles: readonly string[]
  readonly dataFiles: readonly string[]
}

export interface DiscardPlan {
  /** In the order in which they go, below the metadata root. */
  readonly entries: readonly string[]
  /** Part manifests and lists of splits. */
  readonly parts: readonly string[]
  /** State files, below each root. */
  readonly metadataState: readonly string[]
  readonly dataState: readonly string[]
}

/**
 * What nobody needs any more. Garbage is only what is certainly so: numbered below the newest entry and not kept, or a state file numbered at most
 * the newest (any, where the log is closed) that no kept snapshot refers to. Where the metadata of a kept snapshot cannot be read, any state file may be its own, so
 * none goes. Names that this program does not write are never touched.
 */
export function planDiscard(facts: DiscardFacts): DiscardPlan {
  const { newest, kept, metadataFiles, dataFiles, final = false } = facts
  const mayFollow = (number: number) => number > newest && !final
  const isGone = (number: number | undefined) => number !== undefined && number < newest && !kept.has(number)
  const referenced = new Set<string>()
  for (const snapshot of kept.values()) {
    for (const { path } of stateFilesOf(snapshot?.tasks ?? [])) referenced.add(path)
  }
  const allReadable = [...kept.values()].every((snapshot) => snapshot !== undefined)
  const isGarbage = (name: string) => {
    const number = name.endsWith('.state') ? parseSnapshotOfFile(name) : undefined
    return allReadable && number !== undefined && !mayFollow(number) && !referenced.has(name)
  }
  return {
    entries: metadataFiles.filter((name) => isGone(parseEntryPath(name))).sort(byNumber),
    parts: metadataFiles.filter((name) => {
      const number = parsePartPath(name) ?? parseSplitListPath(name)
      return isGone(number) || (final && number !== undefined && number > newest)
    }),
    metadataState: metadataFiles.filter(isGarbage),
    dataState: dataFiles.filter(isGarbage),
  }
}

function byNumber(a: string, b: string): number {
  return (parseEntryPath(a) ?? 0) - (parseEntryPath(b) ?? 0)
}
