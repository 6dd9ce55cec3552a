import { Command } from 'commander'
import { type Context, printJson } from '../context.js'
import { renderSnapshot } from '../render/inspect.js'

export function checkpointsInspectCommand(context: Context): Command {
  return new Command('inspect')
    .description("a checkpoint's metadata")
    .argument('<path|job>', "a checkpoint's path, or a job's id for its latest")
    .option('--json', 'for programs: the metadata itself, and what its execution began from')
    .action(async (argument: string, { json = false }: { readonly json?: boolean }) => {
      const { isPath } = await import('../find-checkpoints.js')
      const { resolveRestore } = await import('../../checkpoint-store/index.js')
      const roots = await context.roots()
      const [job, from] = isPath(argument) ? ['', argument] : [argument, 'latest']
      const { reference, entry, record } = await resolveRestore(roots, job, from)
      const { terminal } = context
      if (json) printJson(terminal, { ...entry, ...(record.restoredFrom && { restoredFrom: record.restoredFrom }) })
      else terminal.print(...renderSnapshot(reference.uri, entry, record, Date.now(), terminal.style))
    })
}
