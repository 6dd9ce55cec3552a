import type { Ending } from '../../src/checkpoint/entry.js'
import type { CancelMode } from '../../src/coordinator/state.js'
import { type JobOptions, settingsOf, specOf } from './fixtures.js'

/** A checkpoint between its beginning and the commit of its output. */
export interface Cut {
  readonly number: number
  step: 'cutting' | 'publishing' | 'givingUp' | 'committing'
  readonly waiting: string[]
  /** The last one before the tasks leave their host. */
  readonly beforeLeaving: boolean
  /** What it leaves alive, once that is planned. */
  readonly alive: readonly number[]
  isFinal: boolean
  /** Its failure told that a host is gone: which one, or all of them. */
  lost?: string | 'all'
}

/** All that the twin knows. One flat record; plain data, so that it can be copied. */
export interface Twin {
  readonly options: JobOptions
  /** What it cannot go on without. */
  waitsFor:
    | ('opened' | 'log' | 'claim' | 'restorePoint' | 'deployment' | 'adoption' | 'records' | 'settled' | 'pause')
    | ('closed' | 'cleaned' | 'nothing')
  now: number
  claim: number | undefined
  next: number
  alive: number[]
  committedThrough: number
  base: number | undefined

  attempt: number
  /** Where tasks are, as far as they are not known to be gone. */
  hosts: string[]
  /** Some are gone, and the others with what they have are of no use. */
  isShort: boolean
  hasToldToStop: boolean
  isExhausted: boolean
  restoring: number | undefined
  /** The host that wants to be rid of the tasks. */
  leaving: string | undefined
  failures: number

  cut: Cut | undefined
  isAsked: boolean
  asking: string[]
  isNextRunDue: boolean
  startedAt: number
  triggeredAt: number
  decidedAt: number
  hasJustFailed: boolean

  ending: Ending | undefined
  mode: CancelMode | undefined
  cancelling: string[]
  isOverdue: boolean
  output: 'untried' | 'finishing' | 'tried'
  kept: number[]

  triggered: number
  completed: number
  failed: number
  consecutive: number
  handOvers: number
  /** What it expects to be said because of the event that it is being told. */
  says: string[]
}

export function newTwin(options: JobOptions): Twin {
  return {
    options,
    waitsFor: 'opened',
    now: 0,
    claim: undefined,
    next: 1,
    alive: [],
    committedThrough: 0,
    base: undefined,
    attempt: 0,
    hosts: [],
    isShort: false,
    hasToldToStop: false,
    isExhausted: false,
    restoring: undefined,
    leaving: undefined,
    failures: 0,
    cut: undefined,
    isAsked: false,
    asking: [],
    isNextRunDue: false,
    startedAt: 0,
    triggeredAt: 0,
    decidedAt: 0,
    hasJustFailed: false,
    ending: undefined,
    mode: undefined,
    cancelling: [],
    isOverdue: false,
    output: 'untried',
    kept: [],
    triggered: 0,
    completed: 0,
    failed: 0,
    consecutive: 0,
    handOvers: 0,
    says: [],
  }
}

/** The options as they apply. */
export function rulesOf({ options }: Twin) {
  const { checkpointing, restartStrategy } = specOf(options)
  const restarts = restartStrategy.type === 'fixed-delay' ? restartStrategy.attempts : 0
  return { ...checkpointing, restarts, allowDelete: settingsOf(options).allowDeleteOnCancel }
}
