import type { Order } from '../support/faults/faults.js'

/**
 * Where on the path of a checkpoint a fault strikes (docs/architecture.md has the numbers). Each step has several points: single
 * calls of the file system. Storage of another scheme would have the same steps, with requests for points.
 */
export const steps = ['timer', 'cut', 'write', 'publish', 'commit', 'discard', 'restore', 'claim', 'resume'] as const

export type Step = (typeof steps)[number]

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

export interface Point {
  readonly name: string
  readonly ops: Order['ops']
  /** From the range's directory; `JOB` stands for the job. */
  readonly path: RegExp
  readonly from?: RegExp
  readonly content?: RegExp
  /**
   * A sweep's rename: held up until another run has gone on, it comes too late, and the next recovery puts it right
   * (docs/protocol.md says so). The auditor would call it lost meanwhile.
   */
  readonly mustNotBeLate?: boolean
}

const provocations: Readonly<Partial<Record<Step, Provocation>>> = {
  restore: 'restart',
  claim: 'newRun',
  resume: 'newExecution',
}

export function provocationOf(step: Step): Provocation {
  return provocations[step] ?? 'none'
}

/** The second is how a build without create-if-absent does it. */
const naming = ['link', 'rename'] as const
const kind = (name: string) => new RegExp(`"kind":"${name}"`)
const state = /^state\/JOB\//
const entry = /^metadata\/JOB\/[^/]+\/chk-\d+\/_metadata$/
const temporary = /^metadata\/JOB\/[^/]+\/chk-\d+\/\.tmp-/
const part = /^metadata\/JOB\/[^/]+\/chk-\d+\/part-/
const stateFile = /^state\/JOB\/.*\.state$/

const pointsOf: Readonly<Record<Step, readonly Point[]>> = {
  timer: [],
  cut: [
    { name: 'output is closed', ops: ['write'], path: /^out\/JOB\/[^/]+\/in-progress\// },
    { name: 'state file is begun', ops: ['create'], path: state },
  ],
  write: [
    { name: 'state is written', ops: ['write'], path: state },
    { name: 'state is synced', ops: ['sync'], path: state },
    { name: 'state file gets its name', ops: ['rename'], path: stateFile },
    { name: 'names of state files are synced', ops: ['syncFolder'], path: state },
    { name: 'output is synced', ops: ['sync'], path: /^out\/JOB\// },
    { name: 'output is prepared', ops: ['rename'], path: /^out\/JOB\/[^/]+\/pending\// },
    { name: 'names of output are synced', ops: ['syncFolder'], path: /^out\/JOB\/[^/]+\/pending$/ },
    { name: 'part manifest is written', ops: ['write'], path: temporary, content: /"host":/ },
    { name: 'part manifest is synced', ops: ['sync'], path: temporary, content: /"host":/ },
    { name: 'part manifest gets its name', ops: ['rename'], path: part },
  ],
  publish: [
    { name: 'part manifest is read', ops: ['read'], path: part },
    { name: 'entry is written', ops: ['write'], path: temporary, content: kind('checkpoint') },
    { name: 'entry is synced', ops: ['sync'], path: temporary, content: kind('checkpoint') },
    { name: 'entry gets its name', ops: naming, path: entry, content: kind('checkpoint') },
    { name: 'entry is there, its name not synced', ops: ['unlink'], path: temporary },
  ],
  commit: [
    { name: 'output becomes visible', ops: ['rename'], path: /^out\/JOB\/[^/]+\/part-/, from: /\/pending\// },
    { name: 'names of visible output are synced', ops: ['syncFolder'], path: /^out\/JOB\/[^/]+$/ },
  ],
  discard: [
    { name: 'entry goes', ops: ['unlink'], path: entry },
    { name: 'part manifest goes', ops: ['unlink'], path: part },
    { name: 'state file goes', ops: ['unlink'], path: stateFile },
    { name: 'folder goes', ops: ['rmdir'], path: /^metadata\/JOB\/[^/]+\/chk-\d+$/ },
  ],
  restore: [
    { name: 'state is read', ops: ['read'], path: stateFile },
    { name: 'metadata is read', ops: ['read'], path: entry },
    { name: 'output is looked through', ops: ['list'], path: /^out\/JOB\/[^/]+\/pending$/ },
    { name: 'recovered output is synced', ops: ['syncFolder'], path: /^out\/JOB\/[^/]+$/ },
    { name: 'place of output is made', ops: ['mkdir'], path: /^out\/JOB\/[^/]+\/in-progress$/ },
  ],
  claim: [
    { name: 'claim is written', ops: ['write'], path: temporary, content: kind('claim') },
    { name: 'claim is synced', ops: ['sync'], path: temporary, content: kind('claim') },
    { name: 'claim gets its name', ops: naming, path: entry, content: kind('claim') },
  ],
  resume: [
    { name: 'record is created', ops: naming, path: /^metadata\/JOB\/[^/]+\/_execution$/ },
    { name: 'pin is written', ops: ['write'], path: /^metadata\/JOB\/[^/]+\/pins\//, content: /"confirmed":false/ },
    { name: 'pin gets its name', ops: ['rename'], path: /^metadata\/JOB\/[^/]+\/pins\// },
    { name: 'older execution is closed', ops: naming, path: entry, content: kind('closed') },
    {
      name: 'output is put aside',
      ops: ['rename'],
      path: /^out\/JOB\/[^/]+\/superseded\//,
      mustNotBeLate: true,
    },
  ],
}

/** A job without state has no such files. */
export function pointsFor(step: Step, hasState: boolean): readonly Point[] {
  return pointsOf[step].filter((point) => hasState || !point.path.source.startsWith(state.source))
}

/** The order that strikes a job at a point; its action is the fault's. */
export function orderAt(
  point: Point,
  job: string,
  directory: string,
): Pick<Order, 'ops' | 'path' | 'from' | 'content'> {
  const below = point.path.source.slice(1).replaceAll('JOB', escaped(job))
  const path = new RegExp(`^${escaped(directory)}/${below}`)
  return {
    ops: point.ops,
    path,
    ...(point.from && { from: point.from }),
    ...(point.content && { content: point.content }),
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
