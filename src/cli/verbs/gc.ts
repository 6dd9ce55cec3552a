import { Command } from 'commander'
import type { CollectReport } from '../../checkpoint-store/index.js'
import { type Context, printJson } from '../context.js'
import { exitCodes } from '../exit-codes.js'
import { vouchedFor, withWorkflowLookup } from '../gc-lookup.js'
import { rulesFrom } from '../gc-rules.js'
import { renderAudit, renderCollection } from '../render/collection.js'
import { auditContext } from '../who.js'
import { gcScheduleCommand } from './gc-schedule.js'

interface GcOptions {
  readonly delete?: boolean
  readonly gone: readonly string[]
  readonly tombstoneAge?: string
  readonly leftoverAge?: string
  readonly audit?: boolean
  readonly json?: boolean
}

/** Audit objects that are shown: one for each collector's run that did something, and each deletion. */
const shownRuns = 20

export function gcCommand(context: Context): Command {
  return new Command('gc')
    .description('find what nobody needs in the checkpoint storage: a dry run, until --delete')
    .option('--delete', 'delete it')
    .option(
      '--gone <job>',
      'this job has ended for good, though Temporal cannot say so (repeatable); if it still runs, it is cut off',
      (job: string, before: readonly string[]) => [...before, job],
      [],
    )
    .option('--tombstone-age <duration>', 'how long records of deleted executions stay (7d)')
    .option('--leftover-age <duration>', 'how long the leftovers of storage probes stay (1d)')
    .option('--audit', 'what was deleted lately, by whom and why; deletes nothing')
    .option('--json', 'for programs')
    .addCommand(gcScheduleCommand(context))
    .action((options: GcOptions) => (options.audit ? showAudit(context, options) : gc(context, options)))
}

async function gc(context: Context, options: GcOptions): Promise<void> {
  const { collect } = await import('../../checkpoint-store/index.js')
  const { terminal } = context
  const roots = await context.roots()
  const audit = auditContext()
  for (const job of options.gone) {
    terminal.warn(
      `tidemark: Job "${job}" is taken for gone because you say so. If it still runs somewhere, it loses its checkpoints' directory and fails.`,
    )
  }
  const report = await withWorkflowLookup(context, (lookup) =>
    collect(roots, {
      delete: options.delete ?? false,
      now: Date.now(),
      context: audit,
      workflow: vouchedFor(lookup, options.gone, audit.who),
      rules: rulesFrom(options),
    }),
  )
  show(context, report, options.json ?? false)
}

/** Exit code 1 where something could not be looked at: a script should not take that for "nothing to do". */
function show(context: Context, report: CollectReport, json: boolean): void {
  const { terminal } = context
  if (json) printJson(terminal, report)
  else terminal.print(...renderCollection(report, terminal.style))
  for (const problem of report.problems) terminal.warn(`tidemark: ${problem}`)
  if (report.problems.length > 0) context.setExitCode(exitCodes.failed)
}

async function showAudit(context: Context, { json = false }: GcOptions): Promise<void> {
  const { readAudit } = await import('../../checkpoint-store/index.js')
  const roots = await context.roots()
  const lines = await readAudit(roots.metadata, shownRuns)
  if (json) printJson(context.terminal, lines)
  else context.terminal.print(...renderAudit(lines, roots.metadata.uri))
}
