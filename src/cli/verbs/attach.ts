import { Command } from 'commander'
import type { Context } from '../context.js'
import { exitCodeOf } from '../exit-codes.js'
import { follow } from '../follow.js'
import { interruptible } from '../interrupt.js'
import { outcomeLine } from '../render/outcome.js'

export function attachCommand(context: Context): Command {
  return new Command('attach')
    .description('follow a job that is running')
    .argument('<job>', "the job's id")
    .action((id: string) =>
      context.withClient((client) =>
        interruptible(async (interrupted) => {
          const { terminal } = context
          const job = client.job(id)
          const { running } = await job.describe()
          if (running) {
            context.setExitCode(await follow(job, new Date().toISOString(), terminal, interrupted))
            return
          }
          const outcome = await job.result()
          terminal.print(`The job has ended. ${outcomeLine(id, outcome)}`)
          context.setExitCode(exitCodeOf(outcome.state))
        }),
      ),
    )
}
