export * from './messages.js'
export { streamJob } from './stream-job.js'
