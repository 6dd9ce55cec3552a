/** What Temporal can start: each export is a workflow type. */
export { streamJob } from './stream-job.js'
