import { executionFolder } from '../checkpoint/paths.js'
import { joinUri } from '../storage/index.js'
import type { CollectedLeftover } from './collect-report.js'
import type { CollectRun } from './collect-run.js'
import { readLedger } from './ledger.js'
import { readRecord } from './read-log.js'
import { bytesOf } from './removal.js'
import { placeOf } from './roots.js'
import type { FoundFile, Survey } from './survey.js'

/** Storage probes whose job died in the middle, and late files of executions that were collected long ago. */
export async function collectLeftovers(run: CollectRun, survey: Survey): Promise<CollectedLeftover[]> {
  const found: CollectedLeftover[] = []
  for (const [folder, files] of survey.probes) {
    const isOld = ageOf(run, files) >= run.rules.leftoverAgeMs
    const why = isOld ? 'a storage probe that was never finished' : 'a storage probe, perhaps of a job that starts now'
    found.push(await settle(run, folder, files, isOld, why))
  }
  for (const { job, execution, files } of survey.strays) {
    const folder = executionFolder(job, execution)
    const collected = (await readLedger(run.roots, job)).has(execution)
    // Begun since the listing.
    if (!collected && (await readRecord(placeOf(run.roots, job, execution).metadata)) !== undefined) continue
    const why = collected
      ? 'written late, after its execution had been collected'
      : 'files of an execution without _execution: whose they are is not known, so they stay'
    found.push(await settle(run, folder, files, collected, why))
  }
  return found
}

async function settle(
  run: CollectRun,
  folder: string,
  files: readonly FoundFile[],
  goes: boolean,
  why: string,
): Promise<CollectedLeftover> {
  const uri = joinUri(run.roots.metadata.uri, folder)
  const bytes = bytesOf(files)
  if (goes && !run.dry) {
    const names = files.map(({ root, name }) => joinUri(root.uri, name))
    const done = await run.trail.begin({ action: 'remove-leftover', why, uri, files: names, bytes })
    for (const root of new Set(files.map((file) => file.root))) {
      await root.deleteAll(files.filter((file) => file.root === root).map(({ name }) => name))
    }
    done()
  }
  return { uri, removed: goes, why, files: files.length, bytes, ageMs: ageOf(run, files) }
}

/** Since the last of them was written. */
function ageOf({ now }: CollectRun, files: readonly FoundFile[]): number {
  return Math.max(0, now - Math.max(...files.map(({ modifiedAt }) => modifiedAt)))
}
