import type { Ancestry } from '../../src/checkpoint/ancestry.js'
import { type EntryFacts, type RecordFacts, visible } from '../../src/checkpoint/log-rules.js'

/**
 * A state of everything: what is on disk, what the workflow knows, and what is still under way. Plain JSON, so that a state is its own
 * key. Executions are called e0, e1, ... in the order in which they begin; one workflow id, so one coordinator lives at a time,
 * while activities of earlier ones may still run.
 */
export interface World {
  readonly executions: Execution[]
  /** Output files by id. */
  readonly output: Record<string, OutputFile>
  coordinator: Coordinator
  /** Activities under way, also those that nobody waits for any more. */
  activities: Activity[]
  /** What the workflow knew when it last issued a checkpoint: a reset may go back to there. */
  saved?: Coordinator
  /** Another job that restores from a snapshot of this one. */
  fork?: Fork
  readonly budget: Budget
  runs: number
}

/** How often each thing may still happen: what makes the exploration finite. */
export interface Budget {
  checkpoints: number
  /** Answers that come too late: the coordinator goes on, the activity too. */
  timeouts: number
  /** Resets of the workflow to its beginning, also of an ended one or an older execution. */
  resets: number
  /** Resets to just before a checkpoint was issued; the new run goes on under the old claim. */
  rewinds: number
  /** Failures of tasks: a new attempt. */
  restarts: number
  /** New executions of the job, after the older one was terminated or has ended. */
  starts: number
  discards: number
  /** Deletions of single snapshots of a closed execution. */
  shrinks: number
  forks: number
  /** First tries of an activity that hang before they do anything. */
  hangs: number
  /** Second tries of the beginning of an execution, while the first one goes on. */
  retries: number
}

export interface Entry extends EntryFacts {
  readonly kind: 'claim' | 'checkpoint' | 'aborted' | 'closed'
  readonly ancestry: Ancestry
  /** Where to read next: records are numbered 0, 1, 2, ... */
  readonly position: number
  /** Ids of output files that a restore commits. */
  readonly prepared: readonly string[]
  /** State files that a restore reads. */
  readonly state: readonly string[]
}

export interface Execution {
  record: 'absent' | 'live' | 'deleted'
  restoredFrom?: Origin
  log: Record<number, Entry>
  /** Names of state files. */
  state: readonly string[]
  /** By the holder and its try. */
  pins: Record<string, { number: number; confirmed: boolean }>
  /** What somebody was promised: the newest checkpoint that was acknowledged. */
  acknowledged: number
  /** Its owner wants nothing kept. */
  doomed: boolean
  /** Its deletion was reported as done. */
  reportedDeleted: boolean
}

export interface Origin {
  readonly execution: number
  readonly number: number
}

export interface OutputFile {
  readonly execution: number
  readonly number: number
  /** Records from `from` up to, not including, `to`. */
  readonly from: number
  readonly to: number
  place: 'pending' | 'committed' | 'superseded-pending' | 'superseded-committed'
}

export interface Coordinator {
  readonly execution: number
  readonly run: string
  phase:
    | 'begin'
    | 'observe'
    | 'restore'
    | 'sweep'
    | 'run'
    | 'publish'
    | 'abort'
    | 'commit'
    | 'close'
    | 'delete'
    | 'done'
  /** Id of the activity whose answer it waits for. */
  waitsFor?: number
  attempt: number
  claim: number
  /** Executions whose output it may move: those that it found closed, or closed, before it claimed. */
  closed: readonly number[]
  /** The next number to issue. */
  next: number
  position: number
  /** The last checkpoint known to count, the base of the next one; 0 = none. */
  confirmed: number
  confirmedPosition: number
  ancestry: Ancestry
  /** Output cut under numbers that did not come to count: carried by the next checkpoint. */
  carried: readonly string[]
  /** Base of the next checkpoint where unconfirmed ones may be one. */
  lastIssued: number
  /** Records that the output must hold once everything is quiet; absent where the job did not end by its own. */
  final?: number
}

/** Another job; it reads one snapshot. */
export interface Fork {
  step: 'pin' | 'confirm' | 'read' | 'done'
  readonly execution: number
  readonly number: number
}

export type Activity =
  | {
      type: 'begin'
      id: number
      execution: number
      /** A pin's name has it, so that each try has one of its own. */
      try: number
      step: 'choose' | 'pin' | 'confirm' | 'create'
      origin?: Origin
    }
  | {
      type: 'append'
      id: number
      execution: number
      step: 'create' | 'check'
      entry: Entry
      adopted?: boolean
    }
  | {
      type: 'publish'
      id: number
      execution: number
      step: 'cut' | 'create' | 'check' | 'commit'
      entry: Entry
      records: [number, number]
    }
  | {
      type: 'abort'
      id: number
      execution: number
      step: 'create' | 'check'
      entry: Entry
      nonce: string
      found?: 'aborted' | 'adopt'
    }
  | { type: 'commit'; id: number; execution: number; step: 'commit'; prepared: readonly string[] }
  | {
      type: 'sweep'
      id: number
      execution: number
      step: 'first' | 'second'
      claim: number
      ancestry: Ancestry
      prepared: readonly string[]
      closed: readonly number[]
    }
  | {
      type: 'discard'
      id: number
      execution: number
      step: 'observe' | 'pins' | 'files'
      newest: number
      alive: readonly number[]
      pinned: number[]
    }
  | { type: 'delete'; id: number; execution: number; step: 'pins' | 'tombstone' | 'files' }

export function executionName(index: number): string {
  return `e${index}`
}

export function numbersOf(execution: Execution): number[] {
  // Integer keys come in ascending order.
  return Object.keys(execution.log).map(Number)
}

export function newestOf(execution: Execution): Entry | undefined {
  return execution.log[numbersOf(execution).at(-1) ?? 0]
}

export function recordOf(execution: Execution): RecordFacts | undefined {
  if (execution.record === 'absent') return undefined
  const { record: state, restoredFrom } = execution
  return restoredFrom === undefined ? { state } : { state, restoredFrom }
}

export function visibleIn(execution: Execution): readonly number[] {
  return visible(recordOf(execution), newestOf(execution))
}

export function executionAt(world: World, index: number): Execution {
  const execution = world.executions[index]
  if (execution === undefined) throw new Error(`no execution ${index}`)
  return execution
}

export function absentExecution(): Execution {
  return {
    record: 'absent',
    log: {},
    state: [],
    pins: {},
    acknowledged: 0,
    doomed: false,
    reportedDeleted: false,
  }
}

export function newCoordinator(execution: number, run: number, phase: Coordinator['phase']): Coordinator {
  return {
    execution,
    run: `r${run}`,
    phase,
    attempt: 0,
    claim: 0,
    closed: [],
    next: 0,
    position: 0,
    confirmed: 0,
    confirmedPosition: 0,
    ancestry: [],
    carried: [],
    lastIssued: 0,
  }
}

export function initialWorld(budget: Budget): World {
  return {
    executions: [absentExecution()],
    output: {},
    coordinator: newCoordinator(0, 0, 'begin'),
    activities: [],
    budget: { ...budget },
    runs: 1,
  }
}

/** A copy to change. What is never changed in place (entries, lists) is shared. */
export function copyOf(world: World): World {
  const output: World['output'] = {}
  for (const id in world.output) output[id] = { ...(world.output[id] as OutputFile) }
  return {
    ...world,
    executions: world.executions.map((one) => ({ ...one, log: { ...one.log }, pins: copyPins(one.pins) })),
    output,
    coordinator: { ...world.coordinator },
    activities: world.activities.map((one) => ({ ...one })),
    budget: { ...world.budget },
  }
}

function copyPins(pins: Execution['pins']): Execution['pins'] {
  return Object.fromEntries(Object.entries(pins).map(([holder, pin]) => [holder, { ...pin }]))
}

/** One thing that may happen next. */
export interface Move {
  readonly label: string
  /** Changes the world, which is a copy of the one that the move was found in. */
  apply(world: World): void
}

/** Starts an activity and answers its id. */
export function start(
  world: World,
  activity: Activity extends infer A ? (A extends { id: number } ? Omit<A, 'id'> : never) : never,
): number {
  const id = 1 + Math.max(0, ...world.activities.map((one) => one.id))
  world.activities.push({ ...activity, id } as Activity)
  return id
}
