import type { Operation } from '../../support/faults/faults.js'
import type { StoreOperation } from '../store/store-step.js'

/** Where on the path of a checkpoint a fault strikes (docs/architecture.md has the numbers). Each step has several points. */
export const steps = ['timer', 'cut', 'write', 'publish', 'commit', 'discard', 'restore', 'claim', 'resume'] as const

export type Step = (typeof steps)[number]

interface Somewhere {
  readonly name: string
  /** From the range's directory; `JOB` stands for the job. */
  readonly path: RegExp
  /** Only a job on several hosts comes there. */
  readonly onlySpread?: boolean
  /** Matches what is written, its first 4 kB. */
  readonly content?: RegExp
}

/** A call of the file system. */
export interface DiskPoint extends Somewhere {
  readonly ops: readonly Operation[]
  readonly from?: RegExp
  /**
   * A sweep's rename: held up until another run has gone on, it comes too late, and the next recovery puts it right
   * (docs/protocol.md says so). The auditor would call it lost meanwhile.
   */
  readonly mustNotBeLate?: boolean
}

/** A request to a store on another machine. */
export interface StorePoint extends Somewhere {
  readonly requests: readonly StoreOperation[]
}

export type Point = DiskPoint | StorePoint

export function isStorePoint(point: Point): point is StorePoint {
  return 'requests' in point
}

export type Points = Readonly<Record<Step, readonly Point[]>>

export const entry = /^metadata\/JOB\/[^/]+\/chk-\d+\/_metadata$/
export const part = /^metadata\/JOB\/[^/]+\/chk-\d+\/part-/
/** What the hosts of an attempt share out. */
export const splitList = /^metadata\/JOB\/[^/]+\/chk-\d+\/splits-/
export const stateFile = /^state\/JOB\/.*\.state$/
export const executionRecord = /^metadata\/JOB\/[^/]+\/_execution$/
export const pin = /^metadata\/JOB\/[^/]+\/pins\//

/** Matches an entry of a log of this kind. */
export function kind(name: string): RegExp {
  return new RegExp(`"kind":"${name}"`)
}
