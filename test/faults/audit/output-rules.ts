import { type Ancestry, covers } from '../../../src/checkpoint/ancestry.js'

/** A half-open range of records of a split. */
export interface Span {
  readonly split: string
  readonly from: number
  readonly to: number
}

/** A committed file of a sink. */
export interface CommittedPart {
  readonly name: string
  readonly execution: string
  readonly number: number
  readonly spans: readonly Span[]
  /** Lines that are not what the oracle says; the first few. */
  readonly wrong: readonly string[]
}

export interface OutputFacts {
  readonly sink: string
  readonly parts: readonly CommittedPart[]
  readonly execution: string
  /** What the newest entry, read after the files, says the output descends from. */
  readonly ancestry: Ancestry
  /** Where each split began: another job's checkpoint; absent: at its beginning. */
  readonly begin?: ReadonlyMap<string, number>
  /** The newest snapshot whose commits were known to be done before the files were read, and how far it had read each split. */
  readonly committed?: { readonly number: number; readonly positions: ReadonlyMap<string, number> }
}

/** What is wrong with a sink's committed output: nothing lost, nothing twice, nothing of another past, everything as the oracle says. */
export function judgeOutput(facts: OutputFacts): string[] {
  const { sink, parts, ancestry, committed } = facts
  const faults: string[] = []
  for (const { name, execution, number, wrong } of parts) {
    faults.push(...wrong.map((line) => `${sink}: ${name} holds ${line}`))
    if (!covers(ancestry, execution, number)) faults.push(`${sink}: ${name} is visible and of no past of this job`)
  }
  for (const [split, spans] of bySplit(parts)) {
    faults.push(...judgeSpans(`${sink} of ${split}`, spans, facts.begin?.get(split) ?? 0))
  }
  if (committed !== undefined) faults.push(...judgePositions(facts, committed))
  return faults
}

function judgeSpans(what: string, spans: readonly Span[], begin: number): string[] {
  const faults: string[] = []
  let next = begin
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    if (from > next) faults.push(`${what}: records ${next} to ${from - 1} are lost`)
    if (from < next) faults.push(`${what}: records ${from} to ${Math.min(next, to) - 1} are there twice`)
    next = Math.max(next, to)
  }
  return faults
}

function judgePositions(
  { sink, parts, execution, begin }: OutputFacts,
  committed: NonNullable<OutputFacts['committed']>,
): string[] {
  const covered = parts.filter((part) => part.execution !== execution || part.number <= committed.number)
  const spans = bySplit(covered)
  const faults: string[] = []
  for (const [split, position] of committed.positions) {
    const there = (spans.get(split) ?? []).reduce((sum, { from, to }) => sum + to - from, begin?.get(split) ?? 0)
    if (there !== position) {
      faults.push(`${sink} of ${split}: ${there} records are visible where chk-${committed.number} covers ${position}`)
    }
  }
  return faults
}

function bySplit(parts: readonly CommittedPart[]): ReadonlyMap<string, Span[]> {
  const splits = new Map<string, Span[]>()
  for (const span of parts.flatMap((part) => part.spans))
    splits.set(span.split, [...(splits.get(span.split) ?? []), span])
  return splits
}
