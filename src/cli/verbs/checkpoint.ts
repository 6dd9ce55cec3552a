import { Command } from 'commander'
import { type Context, printJson } from '../context.js'
import { exitCodes } from '../exit-codes.js'
import { checkpointLine } from '../render/checkpoint-line.js'

export function checkpointCommand(context: Context): Command {
  return new Command('checkpoint')
    .description('take a checkpoint of a running job now')
    .argument('<job>', "the job's id")
    .option('--json', 'for programs')
    .action((id: string, { json = false }: { readonly json?: boolean }) =>
      context.withClient(async (client) => {
        const { terminal } = context
        const job = client.job(id)
        const outcome = await job.triggerCheckpoint()
        if (outcome.state === 'failed') {
          context.setExitCode(exitCodes.failed)
          if (json) return printJson(terminal, outcome)
          return terminal.warn(
            `tidemark: No checkpoint was taken of job "${id}": ${outcome.reason.replace(/\.$/, '')}.`,
          )
        }
        const { history } = await job.checkpoints()
        const row = history.find(({ number }) => number === outcome.number)
        if (json) return printJson(terminal, { ...outcome, ...(row && { statistics: row }) })
        terminal.print(row ? checkpointLine(row) : `chk-${outcome.number}`)
      }),
    )
}
