import { Command } from 'commander'
import type { Roots } from '../../checkpoint-store/index.js'
import type { RestoreReference } from '../../engine/engine.js'
import { isTidemarkError, TidemarkError } from '../../errors.js'
import { normalizeUri } from '../../storage/index.js'
import { type Context, printJson } from '../context.js'
import { exitCodes } from '../exit-codes.js'
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
    .argument('<path|job>', "a checkpoint's path, or a job's id for all that it keeps")
    .option('--json', 'for programs')
    .action(async (argument: string, { json = false }: { readonly json?: boolean }) => {
      const { terminal } = context
      const results: Verified[] = []
      for await (const result of verifyAll(context, argument)) {
        results.push(result)
        if (!json) terminal[result.ok ? 'print' : 'warn'](renderVerified(result))
      }
      if (json) printJson(terminal, results)
      if (results.some(({ ok }) => !ok)) context.setExitCode(exitCodes.failed)
    })
}

async function* verifyAll(context: Context, argument: string): AsyncGenerator<Verified, void, undefined> {
  const { findExecutions, isPath, placeOfJob } = await import('../find-checkpoints.js')
  const roots = await context.roots()
  if (isPath(argument)) {
    yield await verifyPath(roots, argument)
    return
  }
  const place = await placeOfJob(roots, argument)
  let any = false
  for await (const found of findExecutions(place)) {
    if ('error' in found) throw new TidemarkError('CheckpointDamaged', found.error, { path: argument })
    const { job, execution, uri } = found
    for (const number of [...found.checkpoints, ...found.damaged].map((one) => one.number).sort((a, b) => a - b)) {
      any = true
      yield await verify({ job, execution, number, uri: `${uri}/chk-${number}` })
    }
  }
  if (!any)
    throw new TidemarkError('RestoreFailed', `Job "${argument}" keeps no checkpoint: there is nothing to verify.`)
}

/** Metadata that cannot be read is a finding, and not a fault of the question. */
async function verifyPath(roots: Roots, path: string): Promise<Verified> {
  const { resolveRestore } = await import('../../checkpoint-store/index.js')
  try {
    return await verify((await resolveRestore(roots, '', path)).reference)
  } catch (error) {
    const cause = error instanceof TidemarkError ? error.cause : undefined
    if (!isTidemarkError(cause, 'CheckpointDamaged')) throw error
    return { uri: normalizeUri(path), ok: false, files: 0, bytes: 0, problems: [cause.message] }
  }
}

async function verify(reference: RestoreReference): Promise<Verified> {
  const { verifySnapshot } = await import('../../checkpoint-store/index.js')
  return { uri: reference.uri, ...(await verifySnapshot(reference)) }
}

export function renderVerified({ uri, ok, files, bytes, problems }: Verified): string {
  if (ok) return `ok       ${uri}: ${plural(files, 'file')}, ${formatBytes(bytes)} of state`
  return `damaged  ${uri}: ${problems.join(' ')}`
}
