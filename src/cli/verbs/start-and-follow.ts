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

/** How long a detached start waits to see the job run, or learn why it was refused: its arguments are checked last. */
const refusalMs = 15_000

/** The server knows of a worker once it has polled, which is a moment after the worker is ready. */
const firstPollMs = 2_000

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
      const prospect = await lookForWorkers(context, client, launch.request.definition)
      if (launch.detached) return context.setExitCode(await seeWhatBecomes(context, job, prospect))
      if (terminal.interactive) terminal.print(terminal.style.dim('Ctrl-C detaches; the job runs on.'))
      const { startedAt } = await job.describe()
      context.setExitCode(await follow(job, startedAt, terminal, interrupted))
    }),
  )
}

/** How far a job can come with the workers there are. */
type Prospect = 'runs' | 'waits' | 'nothing'

/** A job that waits for a worker may be what was meant, or be due to a misspelt name. */
async function lookForWorkers({ terminal }: Context, client: TidemarkClient, definition: string): Promise<Prospect> {
  const deadline = Date.now() + firstPollMs
  let polled = await client.workers(definition)
  while (!(polled.anyJob && polled.definition) && Date.now() < deadline) {
    await pause(200)
    polled = await client.workers(definition)
  }
  if (polled.anyJob && polled.definition) return 'runs'
  const missing = polled.anyJob ? `No worker has the definition "${definition}"` : 'No worker is running'
  terminal.warn(`${missing}: the job waits until "tidemark worker FILE" brings one.`)
  return polled.anyJob ? 'waits' : 'nothing'
}

async function seeWhatBecomes({ terminal }: Context, job: JobHandle, prospect: Prospect): Promise<number> {
  const deadline = Date.now() + (prospect === 'nothing' ? 0 : refusalMs)
  const settled = ({ running, state }: JobDescription) =>
    !running || state === 'RUNNING' || (prospect === 'waits' && state !== 'INITIALIZING')
  let description = await job.describe()
  while (!settled(description) && Date.now() < deadline) {
    await pause(200)
    description = await job.describe()
  }
  if (description.running) {
    terminal.print(`"tidemark attach ${job.id}" shows what it does.`)
    return exitCodes.ok
  }
  const outcome = await job.result()
  const line = outcomeLine(job.id, outcome)
  if (outcome.state === 'FINISHED') terminal.print(line)
  else terminal.warn(line)
  return exitCodeOf(outcome.state)
}
