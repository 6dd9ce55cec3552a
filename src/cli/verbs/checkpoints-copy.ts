import { Command } from 'commander'
import type { CopyReport, Roots } from '../../checkpoint-store/index.js'
import { joinUri, openStorage, splitUri } from '../../storage/index.js'
import { type Context, printJson } from '../context.js'
import { formatBytes, plural } from '../render/text.js'
import { UsageError } from '../usage-error.js'

interface Source {
  /** URI of the directory. */
  readonly execution: string
  /** Default: all that it keeps. */
  readonly numbers?: readonly number[]
}

export function checkpointsCopyCommand(context: Context): Command {
  return new Command('copy')
    .description('copy a checkpoint, or all of an execution, to another place or scheme, every file checked')
    .argument('<path|job>', "a checkpoint's path, an execution's directory, or a job's id for its latest checkpoint")
    .argument('<dir>', 'a directory of jobs, such as s3://bucket/checkpoints; the copy is <dir>/<job>/<execution>')
    .option('--json', 'for programs')
    .action(async (from: string, to: string, { json = false }: { readonly json?: boolean }) => {
      const { terminal } = context
      const { copySnapshots } = await import('../../checkpoint-store/index.js')
      const roots = await context.roots()
      const { execution, numbers } = await findSource(roots, from)
      const report = await copySnapshots(roots, execution, numbers, openStorage(to))
      if (json) printJson(terminal, report)
      else terminal.print(...renderCopied(report))
    })
}

async function findSource(roots: Roots, from: string): Promise<Source> {
  const { isPath, locate } = await import('../find-checkpoints.js')
  const { resolveRestore } = await import('../../checkpoint-store/index.js')
  const isCheckpoint = /(?:^|\/)chk-[0-9]+(?:\/_metadata)?\/*$/.test(from)
  if (!isPath(from) || isCheckpoint) {
    const [job, restore] = isPath(from) ? ['', from] : [from, 'latest']
    const { reference } = await resolveRestore(roots, job, restore)
    return { execution: splitUri(reference.uri)?.parent ?? '', numbers: [reference.number] }
  }
  const place = await locate(from)
  if (place.job === undefined || place.execution === undefined) {
    throw new UsageError(`${from} holds several executions: copy them one by one, by the directory of each.`)
  }
  return { execution: joinUri(place.roots.metadata.uri, `${place.job}/${place.execution}`) }
}

export function renderCopied({ checkpoints, files, bytes }: CopyReport): string[] {
  const copied = `${plural(files, 'state file')}, ${formatBytes(bytes)}, each read again and found right`
  return [...checkpoints.map((uri) => `copied   ${uri}`), `         ${copied}`]
}
