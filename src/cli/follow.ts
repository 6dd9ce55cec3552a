import { setTimeout as pause } from 'node:timers/promises'
import type { CheckpointsView, JobHandle, StatusView } from '../client/index.js'
import { isTidemarkError } from '../errors.js'
import { exitCodeOf, exitCodes } from './exit-codes.js'
import { Narrator, type Observation } from './render/narrator.js'
import { outcomeLine } from './render/outcome.js'
import type { Terminal } from './terminal.js'
import { unlessNoWorker } from './unless-no-worker.js'

/** How often a running job is looked at. A look costs its worker one or two queries. */
const lookEveryMs = 500

/** Where lines are all there is, one comes at least so often. */
const sayAtLeastEveryMs = 10_000

/** A look must not take longer than a person waits for a sign of life. */
const queryTimeoutMs = 3_000

/** The last one is worth waiting for: a worker that is busy has to replay the job for it. */
const lastQueryTimeoutMs = 10_000

/** Shows what a job does until it ends, or until the person has seen enough; answers the exit code. */
export async function follow(
  job: JobHandle,
  since: string,
  terminal: Terminal,
  interrupted: AbortSignal,
): Promise<number> {
  const waiting = new AbortController()
  const left = new Promise<'left'>((leave) => {
    if (interrupted.aborted) leave('left')
    else interrupted.addEventListener('abort', () => leave('left'), { once: true })
  })
  const ended = job.result(waiting.signal)
  const observer = new Observer(job)
  const narrator = new Narrator(since)
  try {
    const outcome = await Promise.race([
      ended,
      left,
      showUntil(Promise.race([ended, left]), observer, narrator, terminal),
    ])
    terminal.clearStatus()
    if (outcome === 'left') {
      terminal.print(detached(job.id))
      return exitCodes.detached
    }
    // The last checkpoint comes with the end.
    const last = await observer.look(true).catch(() => undefined)
    if (last)
      terminal.print(...narrator.observe({ ...last, description: { ...last.description, running: false } }).lines)
    const line = outcomeLine(job.id, outcome)
    if (outcome.state === 'FINISHED' || outcome.state === 'CANCELED') terminal.print(line)
    else terminal.warn(line)
    return exitCodeOf(outcome.state)
  } finally {
    waiting.abort()
  }
}

/** Looks and tells, now and then; rejects where looking makes no sense. Resolves never. */
async function showUntil(
  over: Promise<unknown>,
  observer: Observer,
  narrator: Narrator,
  terminal: Terminal,
): Promise<never> {
  let isOver = false
  over.then(
    () => {
      isOver = true
    },
    () => {
      isOver = true
    },
  )
  let saidAt = Date.now()
  for (;;) {
    // A server that is away for a moment is no news; one that stays away fails the wait for the end.
    const observation = await observer.look().catch(unlessTransient)
    if (isOver) return new Promise<never>(() => {})
    if (observation) {
      const { lines, status } = narrator.observe(observation)
      const isQuiet = !terminal.interactive && Date.now() - saidAt > sayAtLeastEveryMs
      const said = lines.length === 0 && isQuiet ? [status] : lines
      if (said.length > 0) saidAt = Date.now()
      terminal.print(...said)
      terminal.showStatus(status)
    }
    await pause(lookEveryMs)
  }
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
    const timeoutMs = final ? lastQueryTimeoutMs : queryTimeoutMs
    const [description, status] = await Promise.all([this.#job.describe(), unlessNoWorker(this.#job.status(timeoutMs))])
    const history = status && (await this.#history(status, final, timeoutMs))
    return { now: Date.now(), description, ...(status && { status }), ...(history && { history }) }
  }

  async #history(
    { counts }: StatusView,
    final: boolean,
    timeoutMs: number,
  ): Promise<CheckpointsView['history'] | undefined> {
    const decided = counts.completed + counts.failed
    if (decided === this.#decided && !final) return undefined
    const view = await unlessNoWorker(this.#job.checkpoints(timeoutMs))
    if (view) this.#decided = decided
    return view?.history
  }
}

function unlessTransient(error: unknown): undefined {
  if (!isTidemarkError(error) || error.class !== 'retry') throw error
}
