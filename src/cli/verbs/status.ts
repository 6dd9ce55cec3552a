import { Command } from 'commander'
import type { JobHandle } from '../../client/index.js'
import { type Context, printJson } from '../context.js'
import { type JobReport, renderStatus } from '../render/status.js'
import { unlessNoWorker } from '../unless-no-worker.js'

export function statusCommand(context: Context): Command {
  return new Command('status')
    .description('what a job does, and its checkpoints')
    .argument('<job>', "the job's id")
    .option('--json', 'for programs')
    .action(async (id: string, { json = false }: { readonly json?: boolean }) => {
      const { terminal } = context
      const report = await context.withClient((client) => readReport(client.job(id)))
      if (json) return printJson(terminal, report)
      terminal.print(...renderStatus(report, Date.now(), terminal.style))
      if (report.description.running && report.status === undefined) {
        terminal.warn('No worker answers: this is what the job last recorded.')
      }
    })
}

/** Shorter than what messages get: what is recorded is as good for a person, and comes at once. */
const queryTimeoutMs = 5_000

async function readReport(job: JobHandle): Promise<JobReport> {
  const description = await job.describe()
  if (!description.running) return { description, outcome: await job.result() }
  const [status, checkpoints] = await Promise.all([
    unlessNoWorker(job.status(queryTimeoutMs)),
    unlessNoWorker(job.checkpoints(queryTimeoutMs)),
  ])
  return { description, ...(status && { status }), ...(checkpoints && { checkpoints }) }
}
