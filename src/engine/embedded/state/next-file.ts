import type { StateHandle } from '../../../checkpoint/state-handle.js'

/** More files than this for one operator make a restore slow. */
const longestChain = 10

export interface Changes {
  /** What the base consists of: a full file, then deltas. Empty where there is no base. */
  readonly base: readonly Pick<StateHandle, 'size' | 'entries'>[]
  /** The base lies in the metadata. */
  readonly inline?: boolean
  /** Keys that were written or deleted since the base, at most. */
  readonly changed: number
  /** Keys that there are now, at least one; undefined where nobody has counted them. */
  readonly keys: number | undefined
}

/**
 * What a snapshot has to write over its base. A delta costs what changed. But all files of a chain together stay below twice the size of the
 * state, and few, so that space and the time of a restore are bounded: beyond that the next file is full. Sizes that nobody knows before
 * they are encoded are taken from the full file's mean for a key; where values differ much from it, the length alone bounds a chain. State so
 * small that it lay in the metadata is written as a whole.
 */
export function nextFile({ base, inline = false, changed, keys }: Changes): 'none' | 'delta' | 'full' {
  const [full, ...deltas] = base
  if (full === undefined) return 'full'
  if (inline) return changed === 0 ? 'none' : 'full'
  const perKey = full.size / Math.max(1, full.entries)
  const inBase = sum(base.map(({ size }) => size))
  // Where values became smaller, or keys were deleted, deltas have fewer bytes than what they replace.
  const replaced = sum(deltas.map(({ size, entries }) => size - entries * perKey))
  const size = Math.min(full.size + replaced, keys === undefined ? Number.POSITIVE_INFINITY : keys * perKey)
  if (inBase + changed * perKey > 2 * size) return 'full'
  if (changed === 0) return 'none'
  return base.length >= longestChain || (keys !== undefined && changed >= keys) ? 'full' : 'delta'
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
