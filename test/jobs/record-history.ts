import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { temporal } from '@temporalio/proto'
import { runsFrom } from './runs.js'

export const historiesFolder: string = fileURLToPath(new URL('../histories', import.meta.url))

/** Below it, one folder for each released version; see released-histories.ts. */
export const releasedFolder: string = join(historiesFolder, 'released')

/**
 * With TIDEMARK_RECORD=1, keeps the history of each run of a job, from the handle's own on, in test/histories, where
 * histories.test.ts finds it for good: a job that runs today must go on under tomorrow's workflow code.
 *
 * @param runs how many runs at most, where the job continued as new or was reset
 */
export async function recordHistory(client: Client, scenario: string, job: WorkflowHandle, runs = 1): Promise<void> {
  if (process.env.TIDEMARK_RECORD !== '1') return
  await mkdir(historiesFolder, { recursive: true })
  let run = 0
  for await (const { events } of runsFrom(client, job.workflowId, await firstRun(job))) {
    run += 1
    const name = runs === 1 ? `${scenario}.json` : `${scenario}-${run}.json`
    const lines = events.map((event) => JSON.stringify(event, withoutPlace)).join(',\n')
    await writeFile(join(historiesFolder, name), `{"events":[\n${lines}\n]}\n`)
    if (run === runs) return
  }
}

async function firstRun(job: WorkflowHandle): Promise<string> {
  const { firstExecutionRunId } = job as { firstExecutionRunId?: string }
  return firstExecutionRunId ?? (await job.describe()).runId
}

/** A recorded history, as a replay takes it. */
export async function readHistory(name: string): Promise<temporal.api.history.v1.IHistory> {
  const json: unknown = JSON.parse(await readFile(resolve(historiesFolder, name), 'utf8'))
  return temporal.api.history.v1.History.fromObject(json as Record<string, unknown>)
}

/** Who ran it, and where on his disk the code was, is nothing that a replay looks at. */
function withoutPlace(key: string, value: unknown): unknown {
  if (key === 'stackTrace') return undefined
  return key === 'identity' ? 'recorded' : value
}
