/** What Temporal can start: each export is a workflow type. */
export { collectGarbage } from './collect-garbage.js'
export { streamJob } from './stream-job.js'
