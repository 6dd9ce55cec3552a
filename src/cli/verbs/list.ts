import { Command } from 'commander'
import type { JobSummary } from '../../client/index.js'
import { type Context, printJson } from '../context.js'
import { renderJobs } from '../render/list.js'

interface ListOptions {
  readonly all?: boolean
  readonly json?: boolean
}

export function listCommand(context: Context): Command {
  return new Command('list')
    .description('jobs that are running')
    .option('-a, --all', 'those that have ended too, as long as Temporal remembers them')
    .option('--json', 'for programs')
    .action(async ({ all = false, json = false }: ListOptions) => {
      const { terminal } = context
      const jobs: JobSummary[] = []
      await context.withClient(async (client) => {
        for await (const job of client.list({ all })) jobs.push(job)
      })
      if (json) return printJson(terminal, jobs)
      if (jobs.length > 0) return terminal.print(...renderJobs(jobs, Date.now(), terminal.style))
      terminal.print(
        all ? 'Temporal knows of no job.' : 'No job is running; "tidemark list --all" shows those that have ended.',
      )
    })
}
