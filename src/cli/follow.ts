import { setTimeout as pause } from 'node:timers/promises'
import type { CheckpointsView, JobHandle, JobOutcome, StatusView } from '../client/index.js'
import { isTidemarkError } from '../errors.js'
import { exitCodeOf, exitCodes } from './exit-codes.js'
import { Narrator, type Observation } from './render/narrator.js'
import { outcomeLine } from './render/outcome.js'
import type { Terminal } from './terminal.js'

/** How often a running job is looked at. A look costs its worker one or two queries. */
const lookEveryMs = 500

/** Where lines are all there is, one comes at least so often. */
const sayAtLeastEveryMs = 10_000

/** A look must not take longer than a person waits for a sign of life. */
const queryTimeoutMs = 3_000

/** Shows what a job does until it ends, or until the person has seen enough; answers the exit code. */
export async function follow(
  job: JobHandle,
  since: string,
  terminal: Terminal,
  interrupted: AbortSignal,
): Promise<number> {
  const narrator = new Narrator(since)
  const show = (observation: Observation, again: boolean) => {
    const { lines, status } = narrator.observe(observation)
    if (lines.length > 0) terminal.print(...lines)
    else if (again && !terminal.interactive) terminal.print(status)
    terminal.showStatus(status)
    return lines.length > 0 || again
  }

  let outcome: JobOutcome | undefined
  let fault: unknown
  const ended = job.result().then(
    (result) => {
      outcome = result
    },
    (error: unknown) => {
      fault = error
    },
  )
  const observer = new Observer(job)
  let saidAt = Date.now()
  while (outcome === undefined && fault === undefined && !interrupted.aborted) {
    // A server that is away for a moment is no news; one that stays away fails the wait for the end.
    const observation = await Promise.race([observer.look().catch(unlessTransient), ended])
    if (observation && show(observation, Date.now() - saidAt > sayAtLeastEveryMs)) saidAt = Date.now()
    await Promise.race([ended, pause(lookEveryMs, undefined, { signal: interrupted }).catch(() => {})])
  }

  if (fault !== undefined) throw fault
  if (outcome === undefined) {
    terminal.clearStatus()
    terminal.print(detached(job.id))
    return exitCodes.detached
  }
  // The last checkpoint comes with the end.
  const last = await observer.look(true).catch(() => undefined)
  if (last?.history) show({ ...last, description: { ...last.description, running: false } }, false)
  terminal.clearStatus()
  const line = outcomeLine(job.id, outcome)
  if (outcome.state === 'FINISHED' || outcome.state === 'CANCELED') terminal.print(line)
  else terminal.warn(line)
  return exitCodeOf(outcome.state)
}

export function detached(job: string): string {
  return `Detached: the job runs on. "tidemark attach ${job}" comes back to it, "tidemark cancel ${job}" ends it.`
}

/** Asks for the history of checkpoints only when their counts have changed. */
class Observer {
  readonly #job: JobHandle
  #decided = -1

  constructor(job: JobHandle) {
    this.#job = job
  }

  async look(final = false): Promise<Observation> {
    const [description, status] = await Promise.all([
      this.#job.describe(),
      unlessNoWorker(this.#job.status(queryTimeoutMs)),
    ])
    const history = status && (await this.#history(status, final))
    return { now: Date.now(), description, ...(status && { status }), ...(history && { history }) }
  }

  async #history({ counts }: StatusView, final: boolean): Promise<CheckpointsView['history'] | undefined> {
    const decided = counts.completed + counts.failed
    if (decided === this.#decided && !final) return undefined
    const view = await unlessNoWorker(this.#job.checkpoints(queryTimeoutMs))
    if (view) this.#decided = decided
    return view?.history
  }
}

function unlessTransient(error: unknown): undefined {
  if (!isTidemarkError(error) || error.class !== 'retry') throw error
}

async function unlessNoWorker<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isTidemarkError(error, 'NoWorker')) return undefined
    throw error
  }
}
