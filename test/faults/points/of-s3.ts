import { outputPoints } from './of-output.js'
import { entry, executionRecord, kind, type Points, part, pin, splitList, stateFile } from './point.js'

/** Checkpoints in S3: an object is there with one request. */
export const s3Points: Points = {
  timer: [],
  cut: outputPoints.cut,
  write: [
    { name: 'state file is put', requests: ['put'], path: stateFile },
    ...outputPoints.write,
    { name: 'part manifest is put', requests: ['put'], path: part, onlySpread: true },
  ],
  publish: [
    { name: 'part manifest is read', requests: ['get'], path: part, onlySpread: true },
    { name: 'entry is put', requests: ['put'], path: entry, content: kind('checkpoint') },
  ],
  commit: outputPoints.commit,
  discard: [
    { name: 'entry goes', requests: ['delete'], path: entry },
    { name: 'part manifest goes', requests: ['delete'], path: part, onlySpread: true },
    { name: 'state file goes', requests: ['delete'], path: stateFile },
    { name: 'list of splits goes', requests: ['delete'], path: splitList, onlySpread: true },
  ],
  restore: [
    { name: 'state is read', requests: ['get'], path: stateFile },
    { name: 'metadata is read', requests: ['get'], path: entry },
    ...outputPoints.restore,
    { name: 'list of splits is put', requests: ['put'], path: splitList, onlySpread: true },
    { name: 'list of splits is read', requests: ['get'], path: splitList, onlySpread: true },
  ],
  claim: [{ name: 'claim is put', requests: ['put'], path: entry, content: kind('claim') }],
  resume: [
    { name: 'record is put', requests: ['put'], path: executionRecord },
    { name: 'pin is put', requests: ['put'], path: pin, content: /"confirmed":false/ },
    { name: 'pin is confirmed', requests: ['put'], path: pin, content: /"confirmed":true/ },
    { name: 'older execution is closed', requests: ['put'], path: entry, content: kind('closed') },
    ...outputPoints.resume,
  ],
}
