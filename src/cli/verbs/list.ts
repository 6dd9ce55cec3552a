import { Command } from 'commander'
import type { HostSummary, JobSummary } from '../../client/index.js'
import { type Context, printJson } from '../context.js'
import { renderHosts } from '../render/hosts.js'
import { renderJobs } from '../render/list.js'
import { UsageError } from '../usage-error.js'

interface ListOptions {
  readonly all?: boolean
  readonly hosts?: boolean
  readonly json?: boolean
}

export function listCommand(context: Context): Command {
  return new Command('list')
    .description('jobs that are running')
    .option('-a, --all', 'those that have ended too, as long as Temporal remembers them')
    .option('--hosts', 'instead, the worker processes and what they run')
    .option('--json', 'for programs')
    .action(async ({ all = false, hosts = false, json = false }: ListOptions) => {
      const { terminal } = context
      if (hosts) {
        if (all) throw new UsageError('--all is for jobs: leave out the one or the other.')
        return listHosts(context, json)
      }
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

async function listHosts({ terminal, withClient }: Context, json: boolean): Promise<void> {
  const hosts: HostSummary[] = []
  await withClient(async (client) => {
    for await (const host of client.hosts()) hosts.push(host)
  })
  if (json) return printJson(terminal, hosts)
  if (hosts.length > 0) return terminal.print(...renderHosts(hosts, Date.now(), terminal.style))
  terminal.print('No worker is up: start one with "tidemark worker".')
}
