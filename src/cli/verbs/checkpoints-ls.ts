import { Command } from 'commander'
import { type Context, printJson } from '../context.js'
import { exitCodes } from '../exit-codes.js'
import type { FoundExecution, Place } from '../find-checkpoints.js'
import { renderExecution } from '../render/checkpoints.js'

interface LsOptions {
  readonly all?: boolean
  readonly json?: boolean
}

export function checkpointsLsCommand(context: Context): Command {
  return new Command('ls')
    .description('checkpoints that are kept; reads the storage, and needs no Temporal')
    .argument('[job|dir]', "a job's id, or a directory of jobs, of a job, or of an execution; default: all jobs")
    .option('-a, --all', 'executions that keep nothing too')
    .option('--json', 'for programs')
    .action(async (argument: string | undefined, { all = false, json = false }: LsOptions) => {
      const { terminal } = context
      const { findExecutions } = await import('../find-checkpoints.js')
      const place = await findPlace(context, argument)
      const found: FoundExecution[] = []
      for await (const one of findExecutions(place)) {
        if ('error' in one) {
          terminal.warn(`tidemark: The executions of job "${one.job}" cannot be listed: ${one.error}`)
          context.setExitCode(exitCodes.failed)
        } else if (all || one.checkpoints.length > 0 || one.damaged.length > 0) {
          found.push(one)
        }
      }
      if (json) return printJson(terminal, found)
      if (found.length === 0) return terminal.print(`No checkpoint is kept in ${place.roots.metadata.uri}.`)
      const now = Date.now()
      for (const one of found) terminal.print(...renderExecution(one, now, terminal.style))
    })
}

async function findPlace(context: Context, argument: string | undefined): Promise<Place> {
  const { isPath, locate, placeOfJob } = await import('../find-checkpoints.js')
  if (argument === undefined) return { roots: await context.roots() }
  // Also for a path: the configuration says how stores are reached.
  const roots = await context.roots()
  return isPath(argument) ? locate(argument) : placeOfJob(roots, argument)
}
