/** What Temporal can start: each export is a workflow type. */
export { collectGarbage } from './collect-garbage.js'
export { streamJob } from './stream-job.js'
export { taskHost } from './task-host.js'
