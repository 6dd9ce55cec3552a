import { outputPoints } from './of-output.js'
import { entry, executionRecord, kind, type Points, part, pin, splitList, stateFile } from './point.js'

const temporary = /^metadata\/JOB\/[^/]+\/chk-\d+\/\.tmp-/
const temporaryState = /^state\/JOB\/.*\/\.tmp-/
const temporaryPin = /^metadata\/JOB\/[^/]+\/pins\/\.tmp-/
const temporaryRecord = /^metadata\/JOB\/[^/]+\/\.tmp-/

/** Checkpoints in HDFS: a temporary is made at the name node, filled at a data node, and given its name at the name node. */
export const hdfsPoints: Points = {
  timer: [],
  cut: [...outputPoints.cut, { name: 'state file is begun', requests: ['create'], path: temporaryState }],
  write: [
    { name: 'state is uploaded', requests: ['upload'], path: temporaryState },
    { name: 'state file gets its name', requests: ['rename'], path: stateFile },
    ...outputPoints.write,
    { name: 'part manifest is uploaded', requests: ['upload'], path: temporary, content: /"host":/, onlySpread: true },
    { name: 'part manifest gets its name', requests: ['rename'], path: part, onlySpread: true },
  ],
  publish: [
    { name: 'part manifest is read', requests: ['get', 'download'], path: part, onlySpread: true },
    { name: 'entry is uploaded', requests: ['upload'], path: temporary, content: kind('checkpoint') },
    { name: 'entry gets its name', requests: ['rename'], path: entry, content: kind('checkpoint') },
  ],
  commit: outputPoints.commit,
  discard: [
    { name: 'entry goes', requests: ['delete'], path: entry },
    { name: 'part manifest goes', requests: ['delete'], path: part, onlySpread: true },
    { name: 'state file goes', requests: ['delete'], path: stateFile },
    { name: 'list of splits goes', requests: ['delete'], path: splitList, onlySpread: true },
    { name: 'folder goes', requests: ['delete'], path: /^metadata\/JOB\/[^/]+\/chk-\d+$/ },
  ],
  restore: [
    { name: 'state is looked for', requests: ['get'], path: stateFile },
    { name: 'state is read', requests: ['download'], path: stateFile },
    { name: 'metadata is read', requests: ['download'], path: entry },
    ...outputPoints.restore,
    {
      name: 'list of splits is uploaded',
      requests: ['upload'],
      path: temporary,
      content: /"sources":/,
      onlySpread: true,
    },
    { name: 'list of splits gets its name', requests: ['rename'], path: splitList, onlySpread: true },
    { name: 'list of splits is read', requests: ['get', 'download'], path: splitList, onlySpread: true },
  ],
  claim: [
    { name: 'claim is uploaded', requests: ['upload'], path: temporary, content: kind('claim') },
    { name: 'claim gets its name', requests: ['rename'], path: entry, content: kind('claim') },
  ],
  resume: [
    { name: 'record is uploaded', requests: ['upload'], path: temporaryRecord },
    { name: 'record gets its name', requests: ['rename'], path: executionRecord },
    { name: 'pin is uploaded', requests: ['upload'], path: temporaryPin, content: /"confirmed":false/ },
    { name: 'pin gets its name', requests: ['rename'], path: pin },
    { name: 'older execution is closed', requests: ['rename'], path: entry, content: kind('closed') },
    ...outputPoints.resume,
  ],
}
