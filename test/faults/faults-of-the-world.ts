import type { Scheme } from './place.js'
import { isStorePoint, type Point, type Step, steps } from './points/point.js'
import { hasStateFiles, pointsFor, type Target } from './steps-of-the-path.js'

/** What happens to a job at a step of its path. */
const faultKinds = [
  'kill-before',
  'kill-after',
  'kill-late',
  'stop',
  'hang',
  'error',
  'slow',
  'power-cut',
  'store-kill',
  'sigterm',
  'server-kill',
  'reset',
  'terminate',
  'cancel',
  'flood',
] as const

export type FaultKind = (typeof faultKinds)[number]

/** Rounds that are stories of their own rather than a fault at a step. */
export const specials = ['fork', 'late-commit', 'damage'] as const

export type Special = (typeof specials)[number]

export const describeFault: Readonly<Record<FaultKind | Special, string>> = {
  'kill-before': 'SIGKILL right before the call',
  'kill-after': 'SIGKILL right after it',
  'kill-late': 'SIGKILL, and the request arrives once the job has moved',
  stop: 'SIGSTOP; SIGCONT once the job has moved',
  hang: 'the call hangs, once or each time, until the job has moved',
  error: 'it fails, once or for a time, half done, or done and not answered',
  slow: 'every such call is slow',
  'power-cut': 'power cut: all that is not synced is lost',
  'store-kill': "SIGKILL to the store's server, and a restart",
  sigterm: 'SIGTERM to the worker',
  'server-kill': 'SIGKILL to the Temporal server, and a restart',
  reset: 'workflow reset to an earlier event',
  terminate: 'workflow terminated, and resumed',
  cancel: 'cancelled (retain or delete), and resumed from any checkpoint',
  flood: 'a flood of signals, some of them broken',
  fork: 'another job restores from a checkpoint that its owner discards',
  'late-commit': 'a frozen commit wakes in the middle of the sweep that follows it',
  damage: 'a damaged state file is restored from',
}

/** At once, when somebody else has written the next entry of the log, or when the job has completed a checkpoint without it. */
export const releases = ['at once', 'overtaken', 'moved'] as const

export type Release = (typeof releases)[number]

export interface Cell {
  readonly fault: FaultKind | Special
  readonly step: Step
  /** The point within the step; default: any. */
  readonly point?: string
  /** When what was held goes on; default: chance decides. */
  readonly release?: Release
  /** Whether a call hangs, or fails, each time it is tried; default: chance decides. */
  readonly lasting?: boolean
}

export function cellName({ fault, step }: Cell): string {
  return `${fault} @ ${step}`
}

/** Requests after which a store is not what it was. */
const changing: readonly string[] = ['put', 'delete', 'create', 'upload', 'rename']

/** Whether a fault can strike there: what a process that is dead has sent can arrive late only if it went to another machine, and matters if it changes something. */
export function canStrike(fault: FaultKind, point: Point): boolean {
  return fault !== 'kill-late' || (isStorePoint(point) && point.requests.some((request) => changing.includes(request)))
}

/** Without state there is no state file to damage, or to strike at. */
export function canPlay({ fault, step, point }: Cell, target: Target, scheme: Scheme): boolean {
  if (fault === 'damage') return hasStateFiles(target)
  if (step === 'timer' || isSpecial(fault)) return true
  return pointsFor(scheme, step, target).some(
    (one) => canStrike(fault, one) && (point === undefined || one.name === point),
  )
}

export function isSpecial(fault: FaultKind | Special): fault is Special {
  return (specials as readonly string[]).includes(fault)
}

/** What has a meaning with checkpoints on this machine's disk, or on another machine. */
export function faultKindsOf(scheme: Scheme): readonly FaultKind[] {
  const elsewhere: readonly FaultKind[] = scheme === 'file' ? ['kill-late', 'store-kill'] : ['power-cut']
  return faultKinds.filter((fault) => !elsewhere.includes(fault))
}

/** Every fault at every step where it can strike, and the stories. */
export function cellsOf(scheme: Scheme): readonly Cell[] {
  return [
    ...faultKindsOf(scheme).flatMap((fault) =>
      steps.map((step): Cell => ({ fault, step })).filter(({ step }) => occurs(fault, step, scheme)),
    ),
    ...specials.map((fault): Cell => ({ fault, step: 'restore' })),
  ]
}

function occurs(fault: FaultKind, step: Step, scheme: Scheme): boolean {
  if (step === 'timer') return fault !== 'kill-late'
  return pointsFor(scheme, step, { definition: 'ledger' }).some((point) => canStrike(fault, point))
}
