import type { Points } from './point.js'

/** What the sinks do in their directory, which is on a disk wherever the checkpoints are. */
export const outputPoints: Points = {
  timer: [],
  cut: [{ name: 'output is closed', ops: ['write'], path: /^out\/JOB\/[^/]+\/in-progress\// }],
  write: [
    { name: 'output is synced', ops: ['sync'], path: /^out\/JOB\// },
    { name: 'output is prepared', ops: ['rename'], path: /^out\/JOB\/[^/]+\/pending\// },
    { name: 'names of output are synced', ops: ['syncFolder'], path: /^out\/JOB\/[^/]+\/pending$/ },
  ],
  publish: [],
  commit: [
    { name: 'output becomes visible', ops: ['rename'], path: /^out\/JOB\/[^/]+\/part-/, from: /\/pending\// },
    { name: 'names of visible output are synced', ops: ['syncFolder'], path: /^out\/JOB\/[^/]+$/ },
  ],
  discard: [],
  restore: [
    { name: 'output is looked through', ops: ['list'], path: /^out\/JOB\/[^/]+\/pending$/ },
    { name: 'recovered output is synced', ops: ['syncFolder'], path: /^out\/JOB\/[^/]+$/ },
    { name: 'unfinished output is looked for', ops: ['list'], path: /^out\/JOB\/[^/]+\/in-progress$/ },
  ],
  claim: [],
  resume: [
    {
      name: 'output is put aside',
      ops: ['rename'],
      path: /^out\/JOB\/[^/]+\/superseded\//,
      mustNotBeLate: true,
    },
  ],
}
