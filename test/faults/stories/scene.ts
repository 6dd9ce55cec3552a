import { setTimeout as pause } from 'node:timers/promises'
import type { Auditor } from '../audit/auditor.js'
import type { CampaignJob } from '../job.js'

export interface Scene {
  readonly job: CampaignJob
  readonly auditor: Auditor
  readonly random: () => number
}

/** Undefined where it takes longer. */
export async function within<T>(ms: number, happening: Promise<T>): Promise<T | undefined> {
  const late = new AbortController()
  try {
    return await Promise.race([happening, pause(ms, undefined, { signal: late.signal })])
  } finally {
    late.abort()
  }
}
