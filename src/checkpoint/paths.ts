/**
 * The one place where names under a checkpoint root are built and parsed.
 *
 *     <root>/<job>/<execution>/_execution
 *                              chk-<n>/_metadata                     an entry of the log
 *                              chk-<n>/part-<attempt>-<host>.json    a host's part manifest
 *                              chk-<n>/splits-<attempt>-<host>.json  what the hosts of an attempt under claim n share out
 *                              chk-<n>/<state file>                  used by snapshot n alone
 *                              shared/<state file>                   used by several snapshots
 *                              pins/<holder execution>.<nonce>, pins/hand-<n>
 *     <root>/<job>/_collected/<nonce>       ids of executions whose tombstones have gone
 *     <root>/_audit/<time>-<nonce>.ndjson   what was deleted, by whom and why
 *     <root>/_probe-<nonce>/...             a storage probe of a job's start; left by one that died
 *
 * A state file is named `<n>-<attempt>-<task>-<operator>-<nonce>.state`: unique, with its snapshot's number in front, so
 * that an unreferenced file numbered at most the newest entry is known to be garbage.
 */

export const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
export const operatorIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export const executionRecordName = '_execution'

const entryPattern = /^chk-([1-9][0-9]{0,15})\/_metadata$/
const stateFilePattern = /(?:^|\/)([1-9][0-9]{0,15})-[0-9]+-[0-9]+-[^/]*\.state$/
const partPattern = /^chk-([1-9][0-9]{0,15})\/part-[0-9]+-[^/]+\.json$/
/** An id, and a nonce after it. */
const pinPattern = /^pins\/([A-Za-z0-9][A-Za-z0-9._-]{0,199})$/
const splitListPattern = /^chk-([1-9][0-9]{0,15})\/splits-[0-9]+-[^/]+\.json$/
const snapshotFolderPattern = /^chk-([1-9][0-9]{0,15})(?:\/|$)/

export function executionFolder(job: string, execution: string): string {
  return `${job}/${execution}`
}

/** Below the URI of a metadata root, which ends without a slash. */
export function executionUri(root: string, job: string, execution: string): string {
  return `${root}/${executionFolder(job, execution)}`
}

export function snapshotUri(root: string, job: string, execution: string, number: number): string {
  return `${executionUri(root, job, execution)}/${snapshotFolder(number)}`
}

export function executionRecordPath(job: string, execution: string): string {
  return `${executionFolder(job, execution)}/${executionRecordName}`
}

export function snapshotFolder(number: number): string {
  return `chk-${number}`
}

/** Relative to the execution's folder. */
export function entryPath(number: number): string {
  return `${snapshotFolder(number)}/_metadata`
}

/** The number of the entry that a name (relative to the execution's folder) holds. */
export function parseEntryPath(name: string): number | undefined {
  const match = entryPattern.exec(name)
  return match ? Number(match[1]) : undefined
}

/** The number of the entry that the folder of that name, directly in the execution's, may hold. */
export function parseSnapshotFolder(name: string): number | undefined {
  const match = snapshotFolderPattern.exec(name)
  return match?.[0] === name ? Number(match[1]) : undefined
}

/** The snapshot that wrote a state file or anything else in a `chk-<n>` folder. */
export function parseSnapshotOfFile(name: string): number | undefined {
  const match = snapshotFolderPattern.exec(name) ?? stateFilePattern.exec(name)
  return match ? Number(match[1]) : undefined
}

export function partPath(number: number, attempt: number, host: string): string {
  return `${snapshotFolder(number)}/part-${attempt}-${host}.json`
}

/** The number of the snapshot that a name belongs to as a part manifest. */
export function parsePartPath(name: string): number | undefined {
  const match = partPattern.exec(name)
  return match ? Number(match[1]) : undefined
}

export function splitListPath(claim: number, attempt: number, host: string): string {
  return `${snapshotFolder(claim)}/splits-${attempt}-${host}.json`
}

/** The number of the claim under which a name was written as a list of splits. */
export function parseSplitListPath(name: string): number | undefined {
  const match = splitListPattern.exec(name)
  return match ? Number(match[1]) : undefined
}

export interface StateFileName {
  readonly number: number
  readonly attempt: number
  readonly task: number
  readonly operator: string
  readonly nonce: string
  /** Whether later snapshots may use the file too. */
  readonly shared: boolean
}

export function stateFilePath(file: StateFileName): string {
  const folder = file.shared ? 'shared' : snapshotFolder(file.number)
  return `${folder}/${file.number}-${file.attempt}-${file.task}-${file.operator}-${file.nonce}.state`
}

/** Each try to restore has a pin of its own, so that what one of them does late touches no other's. */
export function pinPath(holder: string, nonce: string): string {
  return `pins/${holder}.${nonce}`
}

/** Whether a pin is of some try of the execution; earlier versions gave it one name for all. Executions' ids are UUIDs and have no dot. */
export function isPinOf(holder: string, name: string): boolean {
  return name === `pins/${holder}` || name.startsWith(`pins/${holder}.`)
}

export function parsePinPath(name: string): string | undefined {
  return pinPattern.exec(name)?.[1]
}

/** A person's pin on snapshot `number`. No execution has such an id: theirs are UUIDs. */
export function handPinPath(number: number): string {
  return `pins/hand-${number}`
}

/** Whether this program writes files of such a name into an execution's folder. What it does not write it never deletes. */
export function isExecutionFile(name: string): boolean {
  return (
    name === executionRecordName ||
    parseEntryPath(name) !== undefined ||
    parsePartPath(name) !== undefined ||
    parseSplitListPath(name) !== undefined ||
    parsePinPath(name) !== undefined ||
    /^(?:chk-[1-9][0-9]{0,15}|shared)\/[^/]+\.state$/.test(name)
  )
}

export const auditFolder = '_audit'

export function auditPath(at: string, nonce: string): string {
  return `${auditFolder}/${at.replaceAll(':', '-')}-${nonce}.ndjson`
}

export const ledgerFolder = '_collected'

/** Below the root. */
export function ledgerPath(job: string, nonce: string): string {
  return `${job}/${ledgerFolder}/${nonce}`
}

/** Where a name below a root belongs. */
export type RootName =
  | { readonly kind: 'execution'; readonly job: string; readonly execution: string; readonly name: string }
  | { readonly kind: 'ledger'; readonly job: string }
  | { readonly kind: 'probe'; readonly folder: string }
  | { readonly kind: 'audit' }
  | { readonly kind: 'unknown' }

export function parseRootName(path: string): RootName {
  const [top = '', second = '', ...rest] = path.split('/')
  if (/^_probe-./.test(top) && ['written', 'created'].includes(second) && rest.length === 0) {
    return { kind: 'probe', folder: top }
  }
  if (top === auditFolder && second.endsWith('.ndjson') && rest.length === 0) return { kind: 'audit' }
  if (!idPattern.test(top) || rest.length === 0) return { kind: 'unknown' }
  if (second === ledgerFolder && rest.length === 1) return { kind: 'ledger', job: top }
  if (!idPattern.test(second)) return { kind: 'unknown' }
  return { kind: 'execution', job: top, execution: second, name: rest.join('/') }
}
