import { outputPoints } from './of-output.js'
import { entry, executionRecord, kind, type Points, part, pin, splitList, stateFile } from './point.js'

/** The second is how a build without create-if-absent does it. */
const naming = ['link', 'rename'] as const
const state = /^state\/JOB\//
const temporary = /^metadata\/JOB\/[^/]+\/chk-\d+\/\.tmp-/

/** Checkpoints in a directory: calls of the file system. */
export const filePoints: Points = {
  timer: [],
  cut: [...outputPoints.cut, { name: 'state file is begun', ops: ['create'], path: state }],
  write: [
    { name: 'state is written', ops: ['write'], path: state },
    { name: 'state is synced', ops: ['sync'], path: state },
    { name: 'state file gets its name', ops: ['rename'], path: stateFile },
    { name: 'names of state files are synced', ops: ['syncFolder'], path: state },
    ...outputPoints.write,
    { name: 'part manifest is written', ops: ['write'], path: temporary, content: /"host":/, onlySpread: true },
    { name: 'part manifest gets its name', ops: ['rename'], path: part, onlySpread: true },
  ],
  publish: [
    { name: 'part manifest is read', ops: ['read'], path: part, onlySpread: true },
    { name: 'entry is written', ops: ['write'], path: temporary, content: kind('checkpoint') },
    { name: 'entry is synced', ops: ['sync'], path: temporary, content: kind('checkpoint') },
    { name: 'entry gets its name', ops: naming, path: entry, content: kind('checkpoint') },
    { name: 'entry is there, its name not synced', ops: ['unlink'], path: temporary },
  ],
  commit: outputPoints.commit,
  discard: [
    { name: 'entry goes', ops: ['unlink'], path: entry },
    { name: 'part manifest goes', ops: ['unlink'], path: part, onlySpread: true },
    { name: 'state file goes', ops: ['unlink'], path: stateFile },
    { name: 'list of splits goes', ops: ['unlink'], path: splitList, onlySpread: true },
    { name: 'folder goes', ops: ['rmdir'], path: /^metadata\/JOB\/[^/]+\/chk-\d+$/ },
  ],
  restore: [
    { name: 'state is read', ops: ['read'], path: stateFile },
    { name: 'metadata is read', ops: ['read'], path: entry },
    ...outputPoints.restore,
    { name: 'list of splits is written', ops: ['write'], path: temporary, content: /"sources":/, onlySpread: true },
    { name: 'list of splits gets its name', ops: ['rename'], path: splitList, onlySpread: true },
    { name: 'list of splits is read', ops: ['read'], path: splitList, onlySpread: true },
  ],
  claim: [
    { name: 'claim is written', ops: ['write'], path: temporary, content: kind('claim') },
    { name: 'claim is synced', ops: ['sync'], path: temporary, content: kind('claim') },
    { name: 'claim gets its name', ops: naming, path: entry, content: kind('claim') },
  ],
  resume: [
    { name: 'record is created', ops: naming, path: executionRecord },
    { name: 'pin is written', ops: ['write'], path: pin, content: /"confirmed":false/ },
    { name: 'pin gets its name', ops: naming, path: pin },
    { name: 'older execution is closed', ops: naming, path: entry, content: kind('closed') },
    ...outputPoints.resume,
  ],
}
