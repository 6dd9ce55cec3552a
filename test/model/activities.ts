import { covers } from '../../src/checkpoint/ancestry.js'
import { planDiscard } from '../../src/checkpoint/discard-plan.js'
import { firstNumber, judgeAbort } from '../../src/checkpoint/log-rules.js'
import { entryPath, parseEntryPath, stateFilePath } from '../../src/checkpoint/paths.js'
import { commitOutput, counts, create, mayCreate } from './append-steps.js'
import type { Rules } from './safeguards.js'
import {
  type Activity,
  type Coordinator,
  type Execution,
  executionAt,
  executionName,
  newestOf,
  numbersOf,
  type OutputFile,
  recordOf,
  visibleIn,
  type World,
} from './world.js'

type Of<T extends Activity['type']> = Extract<Activity, { type: T }>

/** What the coordinator does with an answer, where it still waits for it. */
export type Answer = (coordinator: Coordinator, world: World) => void

/** One step of an activity. Answers the next step, or what it tells the coordinator when it ends. */
export type Outcome<Step> = { readonly next: Step } | { readonly done: Answer }

const ended: Answer = (coordinator) => {
  coordinator.phase = 'done'
}

const observeAgain: Answer = (coordinator) => {
  coordinator.phase = 'observe'
}

/** Claims and the owner's closed entry. */
export function stepAppend(rules: Rules, world: World, activity: Of<'append'>): Outcome<Of<'append'>['step']> {
  const execution = executionAt(world, activity.execution)
  const { entry } = activity
  if (activity.step === 'create') return create(execution, entry) === 'own' ? { next: 'check' } : { done: observeAgain }
  if (!counts(rules, execution, entry.number)) return { done: observeAgain }
  return {
    done: (coordinator) => {
      coordinator.next = entry.number + 1
      if (entry.kind === 'claim') {
        coordinator.claim = entry.number
        coordinator.phase = 'restore'
      } else {
        coordinator.final = coordinator.confirmedPosition
        coordinator.phase = entry.alive.length === 0 ? 'delete' : 'done'
      }
    },
  }
}

/** The cut, the commit point, and the sinks' commit in one trip; it may stand still anywhere. */
export function stepPublish(rules: Rules, world: World, activity: Of<'publish'>): Outcome<Of<'publish'>['step']> {
  const execution = executionAt(world, activity.execution)
  const { entry } = activity
  switch (activity.step) {
    case 'cut': {
      const id = entry.prepared.at(-1) ?? ''
      const [from, to] = activity.records
      world.output[id] = {
        execution: activity.execution,
        number: entry.number,
        from,
        to,
        place: 'pending',
      }
      execution.state = [...execution.state, entry.state.at(-1) ?? '']
      return mayCreate(rules, execution, entry) ? { next: 'create' } : { done: observeAgain }
    }
    case 'create':
      return create(execution, entry) === 'own' ? { next: 'check' } : { done: observeAgain }
    case 'check':
      return counts(rules, execution, entry.number) ? { next: 'commit' } : { done: observeAgain }
    case 'commit':
      commitOutput(world, entry.prepared)
      return { done: (coordinator, later) => acknowledge(coordinator, later, entry.number) }
  }
}

/** The coordinator learns that a checkpoint counts and its output is committed. */
function acknowledge(coordinator: Coordinator, world: World, number: number): void {
  const execution = executionAt(world, coordinator.execution)
  const entry = execution.log[number]
  if (entry === undefined) throw new Error(`chk-${number} was acknowledged and is not there`)
  execution.acknowledged = number
  execution.doomed = false
  coordinator.phase = 'run'
  coordinator.next = number + 1
  coordinator.confirmed = number
  coordinator.lastIssued = number
  // Its tasks stand where they cut, which is what the entry says only if it is their own.
  coordinator.position = world.output[publicationOf(coordinator, number)]?.to ?? coordinator.position
  coordinator.confirmedPosition = coordinator.position
  coordinator.ancestry = entry.ancestry
  coordinator.carried = []
  // Its own first checkpoint replaces what it was restored from.
  const { restoredFrom } = execution
  if (restoredFrom === undefined) return
  const { pins } = executionAt(world, restoredFrom.execution)
  const own = executionName(coordinator.execution)
  for (const name of Object.keys(pins)) if (name.split('.')[0] === own) delete pins[name]
}

export function stepAbort(rules: Rules, world: World, activity: Of<'abort'>): Outcome<Of<'abort'>['step']> {
  const execution = executionAt(world, activity.execution)
  const { entry, nonce } = activity
  if (activity.step === 'create') {
    const found = create(execution, entry)
    const verdict =
      found === 'own'
        ? 'aborted'
        : rules.adoptOnlyOwn
          ? judgeAbort(found, { owner: entry.owner, nonce })
          : found.kind === 'checkpoint'
            ? 'adopt'
            : 'fenced'
    if (verdict === 'fenced') return { done: observeAgain }
    activity.found = verdict
    return { next: 'check' }
  }
  if (!counts(rules, execution, entry.number)) return { done: observeAgain }
  return activity.found === 'adopt' ? { done: startCommit(entry.number) } : { done: givenUp(entry.number, nonce) }
}

function startCommit(number: number): Answer {
  return (coordinator) => {
    coordinator.confirmed = number
    coordinator.phase = 'commit'
  }
}

/** A number given up: what was cut under it goes on with the next checkpoint; where nothing was cut the tasks start anew. */
function givenUp(number: number, nonce: string): Answer {
  return (coordinator, world) => {
    const file = world.output[nonce]
    coordinator.next = number + 1
    coordinator.phase = file === undefined ? 'observe' : 'run'
    if (file === undefined) return
    coordinator.carried = [...coordinator.carried, nonce]
    coordinator.position = file.to
    coordinator.lastIssued = number
  }
}

/** The commit of an adopted checkpoint, from its metadata. */
export function stepCommit(world: World, activity: Of<'commit'>): Outcome<'commit'> {
  commitOutput(world, activity.prepared)
  return { done: (coordinator, later) => acknowledge(coordinator, later, coordinator.confirmed) }
}

/** The beginning of an execution: close the older ones, choose and pin, create the record. */
export function stepCreateRecord(world: World, activity: Of<'begin'>): Outcome<'create'> {
  const execution = executionAt(world, activity.execution)
  if (execution.record === 'absent') {
    execution.record = 'live'
    if (activity.origin !== undefined) execution.restoredFrom = activity.origin
  }
  return { done: observeAgain }
}

/** Every open log of the job gets a closed entry that keeps what is alive. */
export function closeOthers(rules: Rules, world: World, except: number): void {
  world.executions.forEach((execution, index) => {
    const newest = newestOf(execution)
    if (index === except || execution.record !== 'live' || newest?.kind === 'closed' || !rules.closeFirst) return
    const number = newest === undefined ? firstNumber(recordOf(execution) ?? { state: 'live' }) : newest.number + 1
    execution.log[number] = closedEntry(number, newest?.alive ?? [], `closed-by-e${except}`)
  })
}

/** Executions whose output a later one may move. */
export function otherExecutions(world: World, except: number): number[] {
  return world.executions.flatMap((one, index) => (index === except || one.record === 'absent' ? [] : [index]))
}

export function closedEntry(number: number, alive: readonly number[], nonce: string) {
  const owner = { claim: 0, run: nonce }
  const output = { committedThrough: 0, ancestry: [], position: 0, prepared: [] }
  return { kind: 'closed' as const, number, alive, owner, nonce, ...output, state: [] }
}

/**
 * Output of a restored execution: finish what it names, put aside what its ancestry does not have, bring back what it has. A rename and
 * the question before it, whether this claim still owns the log, are one step here; in the world they are two, and
 * docs/protocol.md says what is left open by that.
 */
export function stepSweep(rules: Rules, world: World, activity: Of<'sweep'>): Outcome<Of<'sweep'>['step']> {
  const { ancestry, prepared } = activity
  if (rules.sweepConfirms && !owns(executionAt(world, activity.execution), activity.claim))
    return { done: observeAgain }
  const files = Object.entries(world.output)
  const mine = (file: OutputFile) =>
    !rules.sweepBound ||
    (file.execution === activity.execution ? file.number < activity.claim : activity.closed.includes(file.execution))
  const covered = (file: OutputFile) => covers(ancestry, executionName(file.execution), file.number)
  const putAside = (place: 'pending' | 'committed') => {
    for (const [id, file] of files) {
      const stays = place === 'pending' ? prepared.includes(id) : covered(file)
      if (file.place === place && mine(file) && !stays) file.place = `superseded-${place}`
    }
  }
  const [first, second] = rules.pendingFirst ? (['pending', 'committed'] as const) : (['committed', 'pending'] as const)
  if (activity.step === 'first') {
    for (const [id, file] of files) {
      const named = prepared.includes(id) || (!rules.onlyNamedCommits && covered(file))
      if (named && (file.place === 'superseded-pending' || file.place === 'pending')) file.place = 'committed'
    }
    putAside(first)
    return { next: 'second' }
  }
  putAside(second)
  for (const [, file] of files) {
    if (file.place === 'superseded-committed' && covered(file)) file.place = 'committed'
  }
  return {
    done: (coordinator) => {
      coordinator.phase = 'run'
    },
  }
}

/** Whether the newest entry is of this claim, in a log that is open. */
function owns(execution: Execution, claim: number): boolean {
  const newest = newestOf(execution)
  return execution.record === 'live' && newest?.kind !== 'closed' && newest?.owner.claim === claim
}

export function stepDiscard(rules: Rules, world: World, activity: Of<'discard'>): Outcome<Of<'discard'>['step']> {
  const execution = executionAt(world, activity.execution)
  const readPins = () => {
    activity.pinned = rules.pinsAreRespected ? Object.values(execution.pins).map((pin) => pin.number) : []
  }
  const readNewest = () => {
    activity.newest = newestOf(execution)?.number ?? 0
    activity.alive = visibleIn(execution)
  }
  switch (activity.step) {
    case 'observe':
      if (rules.pinsAfterNewest) readNewest()
      else readPins()
      return { next: 'pins' }
    case 'pins':
      if (rules.pinsAfterNewest) readPins()
      else readNewest()
      return execution.record === 'live' ? { next: 'files' } : { done: () => {} }
    case 'files': {
      const { entries, state } = discardable(execution, activity)
      for (const number of entries) delete execution.log[number]
      if (!rules.newestStays && !activity.alive.includes(activity.newest)) delete execution.log[activity.newest]
      execution.state = execution.state.filter((name) => !state.includes(name))
      return { done: () => {} }
    }
  }
}

/** The plan is the store's own. */
function discardable(execution: Execution, activity: Pick<Of<'discard'>, 'newest' | 'alive' | 'pinned'>) {
  const kept = new Map<number, ReturnType<typeof withState> | undefined>()
  for (const number of [...activity.alive, ...activity.pinned]) {
    const entry = execution.log[number]
    if (entry !== undefined) kept.set(number, withState(entry.state))
    else if (activity.alive.includes(number)) kept.set(number, undefined)
  }
  const metadataFiles = [...numbersOf(execution).map(entryPath), ...execution.state]
  const plan = planDiscard({ newest: activity.newest, kept, metadataFiles, dataFiles: [] })
  return { entries: plan.entries.map((name) => parseEntryPath(name) ?? 0), state: plan.metadataState as string[] }
}

function withState(paths: readonly string[]) {
  return {
    tasks: [{ task: 0, splits: [], commits: [], recordsRead: 0, state: paths.map((path) => ({ path }) as never) }],
  }
}

/** Is there anything that a discard would delete? Only then is one worth exploring. */
export function hasGarbage(execution: Execution): boolean {
  if (execution.record !== 'live') return false
  const newest = newestOf(execution)?.number ?? 0
  const { entries, state } = discardable(execution, { newest, alive: visibleIn(execution), pinned: [] })
  return entries.length + state.length > 0
}

export function stepDelete(rules: Rules, world: World, activity: Of<'delete'>): Outcome<Of<'delete'>['step']> {
  const execution = executionAt(world, activity.execution)
  switch (activity.step) {
    case 'pins': {
      const held = Object.values(execution.pins).some((pin) => execution.log[pin.number] !== undefined)
      if (!held || !rules.pinsAreRespected) return { next: 'tombstone' }
      return { done: ended }
    }
    case 'tombstone':
      if (rules.tombstone) execution.record = 'deleted'
      return { next: 'files' }
    case 'files':
      execution.log = {}
      execution.state = []
      if (!rules.tombstone) execution.record = 'absent'
      execution.reportedDeleted = true
      return { done: ended }
  }
}

/** Identifies a publication, and names the output that was cut for it. */
export function publicationOf({ execution, run, attempt }: Coordinator, number: number): string {
  return `${executionName(execution)}-${number}-${run}-${attempt}`
}

export function stateFile(number: number, attempt: number, run: string): string {
  return stateFilePath({ number, attempt, task: 0, operator: 'op', nonce: run, shared: true })
}
