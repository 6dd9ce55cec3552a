import { Command } from 'commander'
import type { Context } from '../context.js'
import { interruptible } from '../interrupt.js'
import { checkJobFiles, untilInterrupted } from './work.js'

export function workerCommand(context: Context): Command {
  return new Command('worker')
    .description('run jobs for the Temporal server that the environment names')
    .argument('<jobfiles...>', 'files that export what defineJob(...) returns')
    .action((files: readonly string[]) =>
      interruptible(async (interrupted) => {
        const jobFiles = checkJobFiles(files)
        const configuration = await context.configuration()
        const { resolveTemporal } = await import('../../temporal/target.js')
        const { startTidemarkWorker } = await import('../../temporal/worker.js')
        const target = resolveTemporal()
        const { terminal } = context
        const log = (line: string) => terminal.warn(line)
        terminal.showStatus('Loading the jobs...')
        const worker = await startTidemarkWorker({ target, configuration, jobFiles, log })
        const names = worker.definitions.map(({ name }) => name).join(', ')
        terminal.clearStatus()
        terminal.print(`ready: worker ${worker.host} of the Temporal server at ${target.address} has ${names}`)
        await untilInterrupted(context, worker, interrupted)
      }),
    )
}
