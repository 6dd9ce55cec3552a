import { createRequire } from 'node:module'
import { Command } from 'commander'
import type { Context } from './context.js'
import { usageSentence } from './report-error.js'
import { attachCommand } from './verbs/attach.js'
import { cancelCommand } from './verbs/cancel.js'
import { checkpointCommand } from './verbs/checkpoint.js'
import { checkpointsCopyCommand } from './verbs/checkpoints-copy.js'
import { checkpointsDeleteCommand } from './verbs/checkpoints-delete.js'
import { checkpointsInspectCommand } from './verbs/checkpoints-inspect.js'
import { checkpointsLsCommand } from './verbs/checkpoints-ls.js'
import { checkpointsPinCommand, checkpointsUnpinCommand } from './verbs/checkpoints-pin.js'
import { checkpointsVerifyCommand } from './verbs/checkpoints-verify.js'
import { checkpointsWhyKeptCommand } from './verbs/checkpoints-why-kept.js'
import { configCommand } from './verbs/config.js'
import { devCommand } from './verbs/dev.js'
import { gcCommand } from './verbs/gc.js'
import { listCommand } from './verbs/list.js'
import { forkCommand, resumeCommand } from './verbs/resume.js'
import { runCommand } from './verbs/run.js'
import { statusCommand } from './verbs/status.js'
import { workerCommand } from './verbs/worker.js'

const epilogue = `
Jobs run on the Temporal server that TEMPORAL_ADDRESS or a Temporal profile names; else on the one of "tidemark dev".
Exit codes: 0 done or finished, 1 it failed, 2 wrong usage, 3 the job that was followed was cancelled, 130 detached.
docs/errors.md explains every error.`

/** The `tidemark` command. Parsing throws `CommanderError` where commander would exit. */
export function createProgram(context: Context): Command {
  const program = new Command('tidemark')
    .description('Durable checkpoints for stream jobs, on Temporal')
    .version(version(), '-V, --version')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', epilogue)
  const checkpoints = new Command('checkpoints').description('what is in the checkpoint storage')
  const reading = [checkpointsLsCommand, checkpointsInspectCommand, checkpointsVerifyCommand, checkpointsWhyKeptCommand]
  const changing = [checkpointsCopyCommand, checkpointsPinCommand, checkpointsUnpinCommand, checkpointsDeleteCommand]
  for (const command of [...reading, ...changing]) checkpoints.addCommand(command(context))
  const verbs = [devCommand, workerCommand, runCommand, attachCommand, listCommand, statusCommand, cancelCommand]
  const more = [checkpointCommand, resumeCommand, forkCommand, gcCommand]
  for (const command of [...verbs, ...more]) program.addCommand(command(context))
  program.addCommand(checkpoints).addCommand(configCommand(context))
  toSentences(program, 'tidemark')
  return program
}

/** Commander's messages as ours are: one sentence, and no help page nobody asked for. */
function toSentences(command: Command, path: string): void {
  command.exitOverride().configureOutput({ outputError: (text, write) => write(usageSentence(path, text)) })
  for (const verb of command.commands) toSentences(verb, `${path} ${verb.name()}`)
}

/** Flink's command line has long options with one dash; commander knows none such. */
export function withFlinkSpellings(args: readonly string[]): string[] {
  const spellings: Readonly<Record<string, string>> = {
    '-restoreMode': '--claim-mode',
    '-claimMode': '--claim-mode',
    '-allowNonRestoredState': '--allow-non-restored-state',
    '--fromSavepoint': '--from',
    '--allowNonRestoredState': '--allow-non-restored-state',
  }
  return args.map((arg) => spellings[arg] ?? arg)
}

function version(): string {
  const found: { readonly version: string } = createRequire(import.meta.url)('tidemark/package.json')
  return found.version
}
