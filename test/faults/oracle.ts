/** What the campaign's jobs must output, record by record: a plain computation that knows nothing of checkpoints. */

export interface Step {
  /** Split. */
  readonly s: string
  /** Number within the split, from 0. */
  readonly i: number
  /** Key. */
  readonly k: string
  readonly v: number
}

export interface Sum extends Step {
  readonly sum: number
  readonly n: number
}

export const definitions = ['ledger', 'copies', 'spread'] as const
export type Definition = (typeof definitions)[number]
export type Sink = 'sums' | 'steps' | 'pages'
export type Source = 'steps' | 'pages'

/**
 * A key has so many records in a row, and comes round again after so many others: between two checkpoints few keys of a split
 * change, so that increments are small, and a key that is missing in one stays missing.
 */
const run = 10
const cycle = 400

function keyOf(s: string, i: number): string {
  return `${s}${Math.floor(i / run) % (cycle / run)}`
}

const letters = ['a', 'b', 'c', 'd', 'e', 'f']
export const pageFiles = ['p0.ndjson', 'p1.ndjson', 'p2.ndjson']

export const sinksOf: Readonly<Record<Definition, readonly Sink[]>> = {
  ledger: ['sums', 'steps', 'pages'],
  copies: ['steps'],
  spread: ['sums', 'pages'],
}

/** By the operator that holds it: the source whose records it sums up. */
export const stateOf: Readonly<Record<Definition, Readonly<Record<string, Source>>>> = {
  ledger: { sums: 'steps', 'page-sums': 'pages' },
  copies: {},
  spread: { sums: 'steps', 'page-sums': 'pages' },
}

/** Whether each split has state of its own, and may be read by any of several hosts. */
export function isSpread(definition: Definition): boolean {
  return definition === 'spread'
}

export function hasState(definition: Definition): boolean {
  return Object.keys(stateOf[definition]).length > 0
}

export function sourceOf(sink: Sink): Source {
  return sink === 'pages' ? 'pages' : 'steps'
}

export function splitsOf(definition: Definition, source: Source): readonly string[] {
  if (source === 'pages') return pageFiles
  return isSpread(definition) ? letters : letters.slice(0, 3)
}

function stepAt(s: string, i: number): Step {
  return { s, i, k: keyOf(s, i), v: (i * 7 + letters.indexOf(s) * 13) % 101 }
}

export function pageAt(s: string, i: number): Step {
  return { s, i, k: keyOf(s, i), v: (i * 11 + pageFiles.indexOf(s)) % 97 }
}

/** The sums of each split so far, since each record's needs the one before it of its key. */
const known = new Map<string, Sum[]>()

export function sumAt(s: string, i: number): Sum {
  const sums = known.get(s) ?? []
  known.set(s, sums)
  while (sums.length <= i) {
    const next = sums.length
    const step = pageFiles.includes(s) ? pageAt(s, next) : stepAt(s, next)
    const before = sums[next % run === 0 ? next - cycle + run - 1 : next - 1]
    sums.push({ ...step, sum: (before?.sum ?? 0) + step.v, n: (before?.n ?? 0) + 1 })
  }
  return sums[i] as Sum
}

/** The one line that a sink must hold for a record. */
export function lineOf(sink: Sink, s: string, i: number): string {
  if (sink !== 'steps') return JSON.stringify(sumAt(s, i))
  const { v } = stepAt(s, i)
  return JSON.stringify({ s, i, v })
}

/** The keyed state after the first `count` records of each split: key → state. */
export function stateAfter(positions: ReadonlyMap<string, number>): Map<string, { sum: number; n: number }> {
  const state = new Map<string, { sum: number; n: number }>()
  for (const [split, count] of positions) {
    for (let i = Math.max(0, count - cycle); i < count; i++) {
      const { k, sum, n } = sumAt(split, i)
      state.set(k, { sum, n })
    }
  }
  return state
}
