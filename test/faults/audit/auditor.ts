import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { decodeEntry } from '../../../src/checkpoint/codecs.js'
import type { LogEntry, SnapshotEntry, SplitSnapshot } from '../../../src/checkpoint/entry.js'
import { executionFolder, parseEntryPath } from '../../../src/checkpoint/paths.js'
import { listExecutions, openSnapshot, verifySnapshot } from '../../../src/checkpoint-store/index.js'
import { readIfThere } from '../../../src/checkpoint-store/read-log.js'
import { loadState } from '../../../src/engine/embedded/state/load-state.js'
import { isTidemarkError, messageOf } from '../../../src/errors.js'
import { groupBy } from '../../../src/group-by.js'
import type { CampaignJob } from '../job.js'
import { numRetained } from '../job.js'
import { isSpread, type Source, sinksOf, sourceOf, stateAfter, stateOf } from '../oracle.js'
import { judgeLog } from './log-rules.js'
import { judgeOutput } from './output-rules.js'
import { OutputReader } from './read-output.js'
import { judgeTasks, nameOfSplit } from './task-rules.js'

interface Seen {
  readonly entries: Map<number, LogEntry>
  readonly digests: Map<number, string>
  readonly changed: Set<number>
  /** Checkpoints that somebody was told of. */
  readonly acknowledged: number[]
  /** Those that a look found. */
  readonly found: Set<number>
  newest: number
  closed: boolean
}

/** Looks at one job's store and output from outside, as often as it is asked to, and remembers what it saw. */
export class Auditor {
  readonly #job: CampaignJob
  readonly #seen = new Map<string, Seen>()
  readonly #output = new OutputReader()
  #looks = 0
  /** So many of the range's power cuts' deeds are known. */
  #undone = 0
  /** State files that were damaged on purpose: the ends of their paths. */
  readonly damaged: string[] = []
  readonly #begin: SnapshotEntry | undefined

  /** @param begin another job's checkpoint, from which this one began */
  constructor(job: CampaignJob, begin?: SnapshotEntry) {
    this.#job = job
    this.#begin = begin
  }

  /** A checkpoint that somebody was told is complete. */
  acknowledge(execution: string, number: number): void {
    this.#of(execution).acknowledged.push(number)
  }

  /**
   * @param whole reads also what it has read before and what cannot have changed
   * @returns one sentence for each thing that is wrong
   */
  async audit(whole = false): Promise<string[]> {
    this.#looks += 1
    // No power cut comes in between, after which what was seen may never have been.
    const { range } = this.#job
    const faults = [...(await range.alone(() => this.#auditStore(whole))), ...(await this.#auditOutput())]
    return faults.map((fault) => `${this.#job.id}: ${fault}`)
  }

  async #auditStore(whole: boolean): Promise<string[]> {
    const { id, range } = this.#job
    const faults: string[] = []
    for (const undone of range.undone.slice(this.#undone)) this.#forget(undone)
    this.#undone = range.undone.length
    const executions = await listExecutions(range.roots, id)
    // After the look: an entry below what it found may have come, and gone again, since anybody last read what was noted.
    await range.catchUp()
    for (const { record, newest, state } of executions) {
      const { execution } = record
      if (state === 'deleted') continue
      const seen = this.#of(execution)
      await this.#lookAtEntries(execution, seen)
      if (newest !== undefined) seen.entries.set(newest.number, newest)
      const written = new Set([...range.record.entries(id, execution), ...seen.entries.keys()])
      const before = { newest: seen.newest, acknowledged: [...seen.acknowledged, ...seen.found] }
      // An entry that was appended between the looks is above the newest of the first.
      const late = range.record.late(id, execution)
      const counts = (number: number) => number <= (newest?.number ?? 0) && !late.has(number)
      const entries = new Map([...seen.entries].filter(([number]) => counts(number)))
      const changed = [...seen.changed].filter((number) => !late.has(number))
      const facts = { record, newest, entries, changed, written, before, numRetained }
      faults.push(...judgeLog(facts).map((fault) => `execution ${execution}: ${fault}`))
      seen.newest = Math.max(seen.newest, newest?.number ?? 0)
      // What a closed execution keeps changes no more: it is read again now and then, and at the end.
      const depth = state === 'open' || whole || !seen.closed || this.#looks % 5 === 0
      seen.closed = state === 'closed'
      if (depth)
        for (const number of newest?.alive ?? []) faults.push(...(await this.#auditSnapshot(execution, number)))
      if (newest !== undefined && newest.kind !== 'closed') for (const number of newest.alive) seen.found.add(number)
    }
    return faults
  }

  /** An entry that a look found before it was synced, and that a power cut took back, never was; its number is given out again. */
  #forget(undone: string): void {
    const [, job, execution = '', number] =
      /\/metadata\/([^/]+)\/([^/]+)\/chk-(\d+)(?:\/_metadata)?$/.exec(undone) ?? []
    const seen = job === this.#job.id ? this.#seen.get(execution) : undefined
    if (seen === undefined || !/^remove/.test(undone)) return
    const lost = Number(number)
    for (const known of [seen.entries, seen.digests, seen.changed, seen.found]) known.delete(lost)
    seen.newest = Math.min(seen.newest, lost - 1)
  }

  async #lookAtEntries(execution: string, seen: Seen): Promise<void> {
    const { id, range } = this.#job
    const folder = executionFolder(id, execution)
    for (const { name } of await range.roots.metadata.list(folder)) {
      const number = parseEntryPath(name.slice(folder.length + 1))
      const bytes = number === undefined ? undefined : await readIfThere(range.roots.metadata, name)
      if (number === undefined || bytes === undefined) continue
      const digest = createHash('sha256').update(bytes).digest('hex')
      const before = seen.digests.get(number)
      if (before !== undefined && before !== digest) seen.changed.add(number)
      seen.digests.set(number, digest)
      try {
        if (!seen.entries.has(number)) seen.entries.set(number, decodeEntry(bytes))
      } catch {
        // Where it matters, `verify` says what is wrong with it.
      }
    }
  }

  /** Whole, and its state is what the oracle says for its positions. What is superseded meanwhile is nobody's any more. */
  async #auditSnapshot(execution: string, number: number): Promise<string[]> {
    const { id, range } = this.#job
    const uri = `${this.#job.log(execution).uri}/chk-${number}`
    const reference = { job: id, execution, number, uri }
    const faults: string[] = []
    try {
      const { problems } = await verifySnapshot(reference, range.roots)
      faults.push(...problems.filter((problem) => !this.damaged.some((file) => problem.includes(file))))
      if (problems.length === 0) faults.push(...(await this.#auditState(reference)))
    } catch (error) {
      if (!isTidemarkError(error)) throw error
      faults.push(messageOf(error))
    }
    if (faults.length === 0) return []
    const { newest } = await this.#job.log(execution).observe()
    return newest?.alive.includes(number) ? faults.map((fault) => `chk-${number} of ${execution}: ${fault}`) : []
  }

  async #auditState(reference: Parameters<typeof openSnapshot>[0]): Promise<string[]> {
    const { definition, range } = this.#job
    const { entry, readState } = await openSnapshot(reference, range.roots)
    const faults = judgeTasks(entry, definition)
    for (const [operator, source] of Object.entries(stateOf[definition])) {
      const handles = entry.tasks.flatMap((task) => task.state).filter((handle) => handle.operator === operator)
      const ofScope = groupBy(handles, ({ scope }) => (scope.kind === 'split' ? nameOfSplit(scope.split) : ''))
      const positions = positionsOf(entry, source)
      const scopes = isSpread(definition) ? [...positions.keys()] : ['']
      const isOver = (scope: string) =>
        splitsOf(entry, source).some((one) => one.finished && nameOfSplit(one.split) === scope)
      for (const scope of new Set([...ofScope.keys(), ...scopes])) {
        const operatorOf = { id: operator, version: 1 } as never
        const restored = await loadState<{ sum: number; n: number }>(operatorOf, ofScope.get(scope) ?? [], readState)
        const table = restored.decodeAll()
        const state = new Map([...table.entries()].map(([key, place]) => [key, table.stateAt(place)]))
        // A split that has ended keeps nothing.
        const read = isOver(scope) ? 0 : (positions.get(scope) ?? 0)
        const expected = stateAfter(scope === '' ? positions : new Map([[scope, read]]))
        for (const key of new Set([...state.keys(), ...expected.keys()])) {
          const [is, shouldBe] = [state.get(key), expected.get(String(key))].map((value) => JSON.stringify(value))
          const what = `the state of ${operator} for ${key}${scope && ` of ${scope}`}`
          if (is !== shouldBe) faults.push(`${what} is ${is} instead of ${shouldBe}`)
        }
      }
    }
    return faults.slice(0, 3)
  }

  async #auditOutput(): Promise<string[]> {
    const job = this.#job
    const { execution } = job
    const committed = await this.#committed()
    const reads = []
    for (const sink of sinksOf[job.definition]) {
      reads.push({ sink, parts: await this.#output.read(join(job.out, sink), sink) })
    }
    const { newest } = await job.log().observe()
    if (newest === undefined) return []
    const { ancestry } = newest
    return reads.flatMap(({ sink, parts }) => {
      const source = sourceOf(sink)
      const known = committed && { number: committed.number, positions: positionsOf(committed, source) }
      const begin = this.#begin && positionsOf(this.#begin, source)
      return judgeOutput({
        sink,
        parts,
        execution,
        ancestry,
        ...(known && { committed: known }),
        ...(begin && { begin }),
      })
    })
  }

  /** The newest snapshot of this execution whose commits are known to be done. */
  async #committed(): Promise<SnapshotEntry | undefined> {
    const { newest } = await this.#job.log().observe()
    if (newest === undefined) return undefined
    const number = newest.alive.findLast((one) => one <= newest.committedThrough)
    if (number === undefined) return undefined
    const entry = await this.#job
      .log()
      .read(number)
      .catch(() => undefined)
    return entry?.kind === 'checkpoint' ? entry : undefined
  }

  #of(execution: string): Seen {
    const seen = this.#seen.get(execution) ?? {
      entries: new Map(),
      digests: new Map(),
      changed: new Set(),
      acknowledged: [],
      found: new Set(),
      newest: 0,
      closed: false,
    }
    this.#seen.set(execution, seen)
    return seen
  }
}

/** Records read of each split. */
export function positionsOf(entry: SnapshotEntry, source: Source): Map<string, number> {
  const positions = new Map<string, number>()
  for (const { split, position } of splitsOf(entry, source)) {
    const line = typeof position === 'object' && position !== null && 'line' in position ? Number(position.line) : 1
    const count = typeof position === 'number' ? position : line - 1
    positions.set(nameOfSplit(split), count)
  }
  return positions
}

function splitsOf(entry: SnapshotEntry, source: Source): SplitSnapshot[] {
  return entry.tasks.flatMap((task) => task.splits).filter((split) => split.source === source)
}
