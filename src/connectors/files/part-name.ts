import { idPattern } from '../../checkpoint/paths.js'

/**
 * The names of the files that the `files` sink makes: the one place where they are built and parsed.
 *
 *     part-<snapshot>-t<task>-a<attempt>-f<file>-<nonce>-r<returns>-<execution>.ndjson    pending, committed, superseded
 *     open-c<claim>-a<attempt>-t<task>-f<file>-<nonce>-<execution>.ndjson                 in progress
 *
 * A plain listing sorts parts in the order in which they were made. The nonce is drawn by each writer, so no two
 * writers, not even zombies with the same numbers, ever make the same name: that is why a rename never meets an
 * existing file. Of one part there is one file, which moves; `returns` counts how often it was swept and came back, so
 * that a rename that was decided before finds nothing to do.
 */
export interface PartName {
  /** The snapshot at whose cut the part was closed. */
  readonly number: number
  readonly task: number
  readonly attempt: number
  /** Counts the parts of one writer, from 0. */
  readonly file: number
  /** 8 hexadecimal digits. */
  readonly nonce: string
  readonly returns: number
  readonly execution: string
}

export interface OpenName extends Omit<PartName, 'number' | 'returns'> {
  /** The claim under which the writer was started. */
  readonly claim: number
}

const partPattern = /^part-([0-9]{10,16})-t([0-9]+)-a([0-9]+)-f([0-9]+)-([0-9a-f]{8})-r([0-9]+)-(.+)\.ndjson$/
const openPattern = /^open-c([0-9]+)-a([0-9]+)-t([0-9]+)-f([0-9]+)-([0-9a-f]{8})-(.+)\.ndjson$/

export function formatPart(part: PartName): string {
  const number = String(part.number).padStart(10, '0')
  const writer = `t${part.task}-a${part.attempt}-f${part.file}-${part.nonce}`
  return `part-${number}-${writer}-r${part.returns}-${part.execution}.ndjson`
}

/** Undefined for a name that is none of ours. */
export function parsePart(name: string): PartName | undefined {
  const match = partPattern.exec(name)
  const execution = match?.[7]
  if (match === null || execution === undefined || !idPattern.test(execution)) return undefined
  const part = {
    number: Number(match[1]),
    task: Number(match[2]),
    attempt: Number(match[3]),
    file: Number(match[4]),
    nonce: match[5] as string,
    returns: Number(match[6]),
    execution,
  }
  // Only what we would write ourselves: `part-00000000000001` is somebody else's.
  return formatPart(part) === name ? part : undefined
}

/** The same for all names of one part, however often it came back. */
export function identityOf(part: PartName): string {
  return formatPart({ ...part, returns: 0 })
}

export function isSamePart(one: PartName, other: PartName): boolean {
  return identityOf(one) === identityOf(other)
}

export function formatOpen(open: OpenName): string {
  return `open-c${open.claim}-a${open.attempt}-t${open.task}-f${open.file}-${open.nonce}-${open.execution}.ndjson`
}

/** Undefined for a name that is none of ours. */
export function parseOpen(name: string): OpenName | undefined {
  const match = openPattern.exec(name)
  const execution = match?.[6]
  if (match === null || execution === undefined || !idPattern.test(execution)) return undefined
  const open = {
    claim: Number(match[1]),
    attempt: Number(match[2]),
    task: Number(match[3]),
    file: Number(match[4]),
    nonce: match[5] as string,
    execution,
  }
  return formatOpen(open) === name ? open : undefined
}
