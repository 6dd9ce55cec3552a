import { defineSignal } from '@temporalio/workflow'
import { z } from 'zod'
import {
  type HostedAttempt,
  type HostLoss,
  type HostReport,
  hostLostName,
  hostReportName,
} from '../src/temporal/host-messages.js'

/** Typed `unknown`, since anyone may send anything; nothing here throws. */
export const hostReportSignal = defineSignal<[unknown?]>(hostReportName)
export const hostLostSignal = defineSignal<[unknown?]>(hostLostName)

const attempt = z.object({
  job: z.string(),
  execution: z.string(),
  attempt: z.number(),
  definition: z.string(),
  tasks: z.number(),
  kept: z.literal(true).optional(),
})
const report = z.object({
  complete: z.boolean(),
  started: z.array(attempt),
  ended: z.array(attempt),
  freeSlots: z.number(),
})
const beat = z.object({ jobs: z.array(attempt) })
const loss = z.object({
  host: z.string(),
  execution: z.string(),
  attempt: z.number(),
  how: z.enum(['lost', 'left']),
  silentMs: z.number().min(0).optional(),
})

export function parseHostReport(value: unknown): HostReport | undefined {
  return report.safeParse(value).data
}

/** The jobs only: progress is for people. */
export function parseHostBeat(value: unknown): readonly HostedAttempt[] | undefined {
  return beat.safeParse(value).data?.jobs
}

export function parseHostLoss(value: unknown): HostLoss | undefined {
  return loss.safeParse(value).data
}
