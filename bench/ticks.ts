import { fileURLToPath } from 'node:url'

/** The file of the job `ticks`: little state, and records that come one by one. */
export const jobs = fileURLToPath(new URL('./jobs/pipelines.mjs', import.meta.url))

/** Checkpoints of it that a benchmark waits for, and that are told of at its end. */
export const kept = 60
