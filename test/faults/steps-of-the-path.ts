import type { Order } from '../support/faults/faults.js'
import { type Definition, hasState, isSpread } from './oracle.js'
import type { Scheme } from './place.js'
import { filePoints } from './points/of-files.js'
import { hdfsPoints } from './points/of-hdfs.js'
import { s3Points } from './points/of-s3.js'
import type { DiskPoint, Point, Points, Step, StorePoint } from './points/point.js'
import type { StoreOrder } from './store/store-faults.js'

export const describeStep: Readonly<Record<Step, string>> = {
  timer: '①② timer, decision',
  cut: '③ cut',
  write: '④ files, output',
  publish: '⑤ `_metadata`',
  commit: '⑥ commit',
  discard: '⑦ discard',
  restore: '⑧ restore',
  claim: '⑧ claim',
  resume: '⑧ new execution',
}

/** What makes a job come to a point that it does not reach by itself. */
export type Provocation = 'none' | 'restart' | 'newRun' | 'newExecution'

const provocations: Readonly<Partial<Record<Step, Provocation>>> = {
  restore: 'restart',
  claim: 'newRun',
  resume: 'newExecution',
}

export function provocationOf(step: Step): Provocation {
  return provocations[step] ?? 'none'
}

const pointsOf: Readonly<Record<Scheme, Points>> = { file: filePoints, s3: s3Points, hdfs: hdfsPoints }

/** What there is of a job to strike at. */
export interface Target {
  readonly definition: Definition
  /** All its state lies in the metadata. */
  readonly inline?: boolean
}

export function hasStateFiles({ definition, inline = false }: Target): boolean {
  return hasState(definition) && !inline
}

/** Where there are no state files nothing happens to them, and a job on a single host shares nothing out. */
export function pointsFor(scheme: Scheme, step: Step, target: Target): readonly Point[] {
  return pointsOf[scheme][step].filter(
    (point) =>
      (hasStateFiles(target) || !point.path.source.startsWith('^state')) &&
      (isSpread(target.definition) || !point.onlySpread),
  )
}

/** The order that strikes a job at a point of a disk; its action is the fault's. */
export function orderAt(
  point: DiskPoint,
  job: string,
  directory: string,
): Pick<Order, 'ops' | 'path' | 'from' | 'content'> {
  const path = new RegExp(`^${escaped(directory)}/${pathOf(point, job).slice(1)}`)
  return {
    ops: point.ops,
    path,
    ...(point.from && { from: point.from }),
    ...(point.content && { content: point.content }),
  }
}

/** The same at a point of a store on another machine. */
export function storeOrderAt(point: StorePoint, job: string): Pick<StoreOrder, 'requests' | 'path' | 'content'> {
  return {
    requests: point.requests,
    path: new RegExp(pathOf(point, job)),
    ...(point.content && { content: point.content }),
  }
}

function pathOf({ path }: Point, job: string): string {
  return path.source.replaceAll('JOB', escaped(job))
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
