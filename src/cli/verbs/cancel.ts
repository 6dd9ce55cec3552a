import { Command, Option } from 'commander'
import type { CancelMode, JobHandle } from '../../client/index.js'
import { isTidemarkError } from '../../errors.js'
import type { Context } from '../context.js'
import { exitCodes } from '../exit-codes.js'
import { listCheckpoints } from '../render/text.js'

interface CancelOptions {
  readonly retain?: boolean
  readonly delete?: boolean
}

export function cancelCommand(context: Context): Command {
  return new Command('cancel')
    .description('end a job; its retention policy says whether checkpoints stay, unless an option does')
    .argument('<job>', "the job's id")
    .addOption(new Option('--retain', 'keep its checkpoints').conflicts('delete'))
    .option('--delete', 'delete its checkpoints')
    .action((id: string, options: CancelOptions) =>
      context.withClient(async (client) => {
        const mode = options.retain ? 'RETAIN' : options.delete ? 'DELETE' : undefined
        context.setExitCode(await cancel(context, client.job(id), mode))
      }),
    )
}

async function cancel({ terminal }: Context, job: JobHandle, mode: CancelMode | undefined): Promise<number> {
  terminal.showStatus(`Cancelling ${job.id}...`)
  try {
    const outcome = await job.cancel(mode)
    terminal.clearStatus()
    if (outcome.state === 'tooLate') {
      terminal.warn(`tidemark: Job "${job.id}" cannot be cancelled: ${outcome.reason}.`)
      return exitCodes.failed
    }
    const kept =
      outcome.kept.length === 0
        ? 'no checkpoint is kept'
        : `kept: ${listCheckpoints(outcome.kept)}; "tidemark resume ${job.id}" goes on from there`
    terminal.print(`Cancelled ${job.id}; ${kept}.${outcome.note === undefined ? '' : ` ${outcome.note}`}`)
    return exitCodes.ok
  } catch (error) {
    if (!isTidemarkError(error, 'NoWorker')) throw error
    await job.requestCancel(mode)
    terminal.clearStatus()
    terminal.warn(
      `tidemark: Job "${job.id}" is not cancelled yet, since no worker answers: word is left, and it will be when "tidemark worker" brings one.`,
    )
    return exitCodes.failed
  }
}
