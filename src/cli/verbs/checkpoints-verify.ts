import { Command } from 'commander'
import type { Roots } from '../../checkpoint-store/index.js'
import type { RestoreReference } from '../../engine/engine.js'
import { isTidemarkError, TidemarkError } from '../../errors.js'
import { normalizeUri } from '../../storage/index.js'
import { type Context, printJson } from '../context.js'
import { exitCodes } from '../exit-codes.js'
import type { Place } from '../find-checkpoints.js'
import { formatBytes, plural } from '../render/text.js'

interface Verified {
  readonly uri: string
  readonly ok: boolean
  /** Files read and found right. */
  readonly files: number
  readonly bytes: number
  readonly problems: readonly string[]
}

export function checkpointsVerifyCommand(context: Context): Command {
  return new Command('verify')
    .description('read every file of a checkpoint, and check sizes and checksums')
    .argument(
      '<path|job>',
      "a checkpoint's path; a directory of jobs, of a job, or of an execution; or a job's id: all that is kept there",
    )
    .option('--json', 'for programs')
    .action(async (argument: string, { json = false }: { readonly json?: boolean }) => {
      const { terminal } = context
      const results: Verified[] = []
      for await (const result of verifyAll(context, argument)) {
        results.push(result)
        if (!json) terminal[result.ok ? 'print' : 'warn'](...renderVerified(result))
      }
      if (json) printJson(terminal, results)
      if (results.some(({ ok }) => !ok)) context.setExitCode(exitCodes.failed)
    })
}

async function* verifyAll(context: Context, argument: string): AsyncGenerator<Verified, void, undefined> {
  const { isPath, locate, placeOfJob } = await import('../find-checkpoints.js')
  const configured = await context.roots()
  if (isPath(argument) && /\/chk-[0-9]+(\/_metadata)?\/?$/.test(normalizeUri(argument))) {
    yield await verifyPath(configured, argument)
    return
  }
  const place = isPath(argument) ? await locate(argument) : await placeOfJob(configured, argument)
  let any = false
  for await (const result of verifyPlace(place)) {
    any = true
    yield result
  }
  if (any) return
  const where = isPath(argument) ? argument : `Job "${argument}"`
  throw new TidemarkError('RestoreFailed', `${where} keeps no checkpoint: there is nothing to verify.`)
}

/** Every checkpoint that exists there, and everything that cannot be read. */
async function* verifyPlace(place: Place): AsyncGenerator<Verified, void, undefined> {
  const { listJobs, viewTolerantly } = await import('../../checkpoint-store/index.js')
  const { roots } = place
  for (const job of place.job === undefined ? await listJobs(roots) : [place.job]) {
    for (const { execution, uri, state, alive, damage } of await viewTolerantly(roots, job)) {
      if (place.execution !== undefined && place.execution !== execution) continue
      if (state === 'unreadable') yield damagedWhole(uri, damage?.error.message ?? `${uri} cannot be read.`)
      for (const number of alive) yield await verify({ job, execution, number, uri: `${uri}/chk-${number}` }, roots)
    }
  }
}

function damagedWhole(uri: string, problem: string): Verified {
  return { uri, ok: false, files: 0, bytes: 0, problems: [problem] }
}

/** What is damaged or gone is a finding; that there never was such a checkpoint is a fault of the question. */
async function verifyPath(roots: Roots, path: string): Promise<Verified> {
  const { resolveRestore, viewExecution } = await import('../../checkpoint-store/index.js')
  try {
    return await verify((await resolveRestore(roots, '', path)).reference, roots)
  } catch (error) {
    if (!isTidemarkError(error, 'RestoreFailed')) throw error
    const uri = normalizeUri(path).replace(/\/_metadata$/, '')
    const number = Number(/\/chk-([0-9]+)$/.exec(uri)?.[1])
    const view = await viewExecution(roots, uri)
    if (view?.state !== 'unreadable' && !view?.alive.includes(number)) throw error
    const cause = isTidemarkError(error.cause, 'CheckpointDamaged') ? error.cause : view.damage?.error
    return damagedWhole(uri, (cause ?? error).message)
  }
}

async function verify(reference: RestoreReference, roots: Roots): Promise<Verified> {
  const { verifyParts, verifySnapshot } = await import('../../checkpoint-store/index.js')
  const report = await verifySnapshot(reference, roots)
  const problems = [...report.problems, ...(await verifyParts(reference, roots))]
  return { uri: reference.uri, ...report, ok: problems.length === 0, problems }
}

/** A line for each problem. */
export function renderVerified({ uri, ok, files, bytes, problems }: Verified): string[] {
  if (ok) return [`ok       ${uri}: ${plural(files, 'file')}, ${formatBytes(bytes)} of state`]
  return problems.map((problem) => `damaged  ${uri}: ${problem}`)
}
