import type { Definition } from './oracle.js'
import { pointsFor, type Step, steps } from './steps-of-the-path.js'

/** What happens to a job at a step of its path. */
export const faultKinds = [
  'kill-before',
  'kill-after',
  'stop',
  'hang',
  'error',
  'slow',
  'power-cut',
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
  stop: 'SIGSTOP; SIGCONT once the job has moved',
  hang: 'the call hangs until the job has moved',
  error: 'EIO, ENOSPC, EACCES, EROFS, once or for a time, or half a write',
  slow: 'every such call is slow',
  'power-cut': 'power cut: all that is not synced is lost',
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
}

export function cellName({ fault, step }: Cell): string {
  return `${fault} @ ${step}`
}

/** Without state there is no state file to damage, or to strike at. */
export function canPlay({ fault, step, point }: Cell, definition: Definition): boolean {
  const hasState = definition !== 'copies'
  if (fault === 'damage') return hasState
  return point === undefined || pointsFor(step, hasState).some(({ name }) => name === point)
}

/** Every fault at every step, and the stories. */
export const allCells: readonly Cell[] = [
  ...faultKinds.flatMap((fault) => steps.map((step): Cell => ({ fault, step }))),
  ...specials.map((fault): Cell => ({ fault, step: 'restore' })),
]
