import { setTimeout as pause } from 'node:timers/promises'
import type { JobDescription, JobHandle, JobRequest, TidemarkClient } from '../../client/index.js'
import { parseJobSpec } from '../../spec/job-spec.js'
import type { Context } from '../context.js'
import { exitCodeOf, exitCodes } from '../exit-codes.js'
import { follow } from '../follow.js'
import { interruptible } from '../interrupt.js'
import { outcomeLine } from '../render/outcome.js'
import { shortId } from '../render/text.js'
import { UsageError } from '../usage-error.js'

export interface Launch {
  readonly id: string
  readonly request: JobRequest
  readonly detached: boolean
}

/** How long a detached start waits to learn that the job was refused. */
const refusalMs = 5_000

/** What `run`, `resume` and `fork` have in common: start, then follow, or see that it was taken. */
export async function startAndFollow(context: Context, launch: Launch): Promise<void> {
  const parsed = parseJobSpec(launch.request)
  if (!parsed.ok) throw new UsageError(parsed.message)
  await context.withClient((client) =>
    interruptible(async (interrupted) => {
      const { terminal } = context
      const job = await client.start(launch.request, { id: launch.id })
      const from = launch.request.restore ? ` from ${launch.request.restore.from}` : ''
      terminal.print(`Started job ${launch.id}${from}, execution ${shortId(job.execution ?? '')}.`)
      const taken = await warnWithoutWorkers(context, client, launch.request.definition)
      if (launch.detached) return context.setExitCode(await seeThatItRuns(context, job, taken))
      if (terminal.interactive) terminal.print(terminal.style.dim('Ctrl-C detaches; the job runs on.'))
      const { startedAt } = await job.describe()
      context.setExitCode(await follow(job, startedAt, terminal, interrupted))
    }),
  )
}

/** The job waits for a worker, which may be what was meant, or be due to a misspelt name. */
async function warnWithoutWorkers(context: Context, client: TidemarkClient, definition: string): Promise<boolean> {
  const polled = await client.workers(definition)
  if (polled.anyJob && polled.definition) return true
  const missing = polled.anyJob ? `No worker has the definition "${definition}"` : 'No worker is running'
  context.terminal.warn(`${missing}: the job waits until "tidemark worker FILE" brings one.`)
  return false
}

async function seeThatItRuns({ terminal }: Context, job: JobHandle, taken: boolean): Promise<number> {
  const deadline = Date.now() + (taken ? refusalMs : 0)
  let description: JobDescription
  do {
    await pause(100)
    description = await job.describe()
  } while (description.state === 'INITIALIZING' && Date.now() < deadline)
  if (description.running) {
    terminal.print(`"tidemark attach ${job.id}" shows what it does.`)
    return exitCodes.ok
  }
  const outcome = await job.result()
  const ok = outcome.state === 'FINISHED'
  terminal[ok ? 'print' : 'warn'](outcomeLine(job.id, outcome))
  return exitCodeOf(outcome.state)
}
