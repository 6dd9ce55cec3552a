import type { MessagePort } from 'node:worker_threads'
import type { DefinitionRecord, OperatorRecord, TaskSnapshot } from '../../checkpoint/entry.js'
import type { StateHandle } from '../../checkpoint/state-handle.js'
import type { Json } from '../../json.js'
import type { WireError } from '../../threads/wire-error.js'
import type { DeployRequest, DeployResult, RestoreReference } from '../engine.js'
import type { SplitList } from '../split-list.js'
import type { StateBackendSettings } from './state/state-backend.js'

/** One task's place in a thread. */
export interface Seat {
  /** Unique in the process. */
  readonly number: number
  /** For errors and for the prefix of what it prints: `task 0 of job 'flights'`. */
  readonly label: string
}

/**
 * What a host asks of a thread, on behalf of one who sits in it. Each is answered once, with a value or an error. A thread may hold the tasks
 * of several jobs; each message says whose it is by the seat.
 */
export interface ThreadMethods {
  /** Loads job files and says what they define. For a thread of its own. */
  inspect(files: readonly string[]): readonly InspectedFile[]
  /** Loads what job files import of ours, before there is one. */
  warm(_: null): null
  /** Imports a job file ahead of `open`, so that the threads of an attempt load it side by side. Answers the build that the thread has of it. */
  load(file: string): string
  /** Checks a deployment against its definition and restore point, and changes nothing. Asked of one thread of an attempt. */
  plan(request: PlanRequest): Plan
  /** What is decided and done once for all hosts of an attempt. For a thread of its own. */
  prepare(request: PlanRequest): Preparation
  /** Recovers the sinks, and nothing else. Asked of one thread of an attempt, or of a thread of its own. */
  recoverOutput(request: PlanRequest): Sweep
  /** Reads all of the state that a task begins with, and changes nothing outside. */
  loadState(request: LoadStateRequest): null
  /** Brings a task whose state is loaded to the point where `start` only has to let records flow. */
  open(_: null): OpenedTask
  start(_: null): null
  snapshot(request: TaskSnapshotRequest): TaskCut
  commit(request: TaskCommitRequest): null
  /** Ends the task, once what it is about to change outside has come to its end: what was not cut is abandoned. */
  close(_: null): null
  /** Gives a task up that does not close: it gets no message any more. */
  forget(_: null): null
  /** Closes all tasks and ends the thread. */
  end(_: null): null
}

export type ThreadMethod = keyof ThreadMethods

/** The answer to each `file` in its turn. */
export interface FilePort {
  readonly file: MessagePort
}

export interface ThreadRequest<M extends ThreadMethod = ThreadMethod> {
  readonly id: number
  readonly seat: Seat
  readonly method: M
  readonly params: Parameters<ThreadMethods[M]>[0]
}

export type ThreadMessage =
  /** A port is wanted over which another thread writes or reads one file. */
  | { readonly kind: 'file' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'event'; readonly seat: number; readonly event: TaskEvent }
  /** Of all tasks of the thread that have come on, since each message wakes the host's thread. */
  | { readonly kind: 'progress'; readonly of: readonly SeatProgress[] }
  /** The thread is about to end itself; `by` is the label of the one whose code was running. */
  | { readonly kind: 'ending'; readonly by?: string }

export interface SeatProgress {
  readonly seat: number
  readonly event: TaskProgress
}

export interface TaskProgress {
  readonly type: 'progress'
  readonly task: number
  readonly records: number
  readonly emitted: number
}

export type TaskEvent =
  | TaskProgress
  | { readonly type: 'exhausted'; readonly task: number }
  | { readonly type: 'failed'; readonly task: number; readonly error: WireError }

export interface InspectedFile {
  readonly file: string
  /** sha256 of the file's content, hexadecimal. */
  readonly build: string
  readonly definitions: readonly { readonly name: string; readonly version: string }[]
}

export interface PlanRequest {
  readonly file: string
  readonly deploy: DeployRequest
  /** What the attempt was prepared with, on whichever host: then output is recovered already. */
  readonly listed?: SplitList
}

/** What recovering the sinks came to. */
export type Sweep = DeployResult['sweep']

export interface Preparation extends Pick<SplitList, 'build' | 'sources'> {
  readonly sweep: Sweep
}

export interface Plan {
  readonly definition: DefinitionRecord
  readonly operators: readonly OperatorRecord[]
  readonly guarantee: DeployResult['guarantee']
  /** Records read by the whole job up to the restore point. */
  readonly restoredRecords: number
  /** Those that run on this host. */
  readonly tasks: readonly TaskPlan[]
}

export interface TaskAddress {
  readonly task: number
}

export interface LoadStateRequest {
  readonly plan: TaskPlan
  readonly stateBackend: StateBackendSettings
}

/** All that one task needs to begin. */
export interface TaskPlan extends TaskAddress {
  readonly file: string
  readonly deploy: DeployRequest
  readonly definition: DefinitionRecord
  readonly sources: readonly SourceAssignment[]
  readonly state: readonly StateAssignment[]
  /** Where `state` is read from. */
  readonly restore?: RestoreReference
  /** Records read by this task's share of the job up to the restore point. */
  readonly records: number
}

export interface SourceAssignment {
  /** Operator id of the source. */
  readonly source: string
  /** In the order in which they are begun. */
  readonly splits: readonly SplitAssignment[]
  /** Splits of every task, so that a task that lists again recognises the new ones. */
  readonly known: readonly string[]
  /** Its end was reached, and told to the operators, before the restore point. */
  readonly ended: boolean
}

export interface SplitAssignment {
  readonly split: string
  /** Absent = from its beginning. */
  readonly position?: Json
  readonly finished: boolean
}

export interface StateAssignment {
  readonly operator: string
  readonly scope: StateHandle['scope']
  readonly handles: readonly StateHandle[]
  /** The snapshot of this very execution that these handles are, on which increments may build. */
  readonly base?: number
}

export interface OpenedTask extends TaskAddress {
  /** Where it begins to read, for people, at most a few. */
  readonly positions: readonly string[]
}

export interface TaskSnapshotRequest {
  readonly number: number
  readonly base?: number
}

export interface TaskCut {
  readonly snapshot: TaskSnapshot
  /** All of its sources had ended. */
  readonly final: boolean
  /** Bytes of state written. */
  readonly written: number
  /** How long the cut kept records waiting, milliseconds. */
  readonly pauseMs: number
}

export interface TaskCommitRequest {
  readonly number: number
}
