import { ActivityFailure, ApplicationFailure, patched, proxyLocalActivities } from '@temporalio/workflow'
import type { StepsHere, Tried } from '../activities/contract.js'

const stepsHere = 'checkpoint-steps-here'

/** What the local activities of one checkpoint may take together, milliseconds: signals wait for them. */
const budgetMs = 500
/** With less than that left it is not worth trying. */
const leastMs = 20
/** After an answer `slow` the next few checkpoints take that step as an activity right away. */
const restAfterSlow = 10

type Step = keyof StepsHere

/** Where a step of a checkpoint is to be tried, and how. */
export interface Try<T> {
  readonly number: number
  readonly step: Step
  /** The host whose tasks it concerns; absent: any process can do it. */
  readonly host?: string
  /** For the Web UI's timeline. */
  readonly summary: string
  /** Whether a failure that a second try may overcome is left to the activity, which tries again. */
  readonly tryAgain: boolean
  here(steps: StepsHere, withinMs: number): Promise<Tried<T>>
  /** The same as an activity. */
  away(): Promise<T>
}

/**
 * Takes the steps of checkpoints as local activities, which cost no trip to the server, as long as the tasks live in the workflow's own
 * process and a step is quick; else as activities. What it remembers comes from recorded answers alone, and from no clock: in a replay that one
 * may stand elsewhere after a local activity.
 */
export class Here {
  private readonly elsewhere = new Set<string>()
  private readonly resting = new Map<Step, number>()
  private number = 0
  private spentMs = 0

  async run<T>(attempt: Try<T>): Promise<T> {
    const withinMs = this.allowance(attempt)
    if (withinMs < leastMs) return attempt.away()
    const tried = await this.tryHere(attempt, withinMs)
    if (tried.outcome === 'done') {
      this.spentMs += tried.ms
      return tried.value
    }
    if (tried.outcome === 'slow') this.resting.set(attempt.step, attempt.number + restAfterSlow)
    if (tried.outcome === 'elsewhere' && attempt.host !== undefined) this.elsewhere.add(attempt.host)
    return attempt.away()
  }

  private allowance({ number, step, host }: Try<unknown>): number {
    if (number !== this.number) {
      this.number = number
      this.spentMs = 0
    }
    const known = host !== undefined && this.elsewhere.has(host)
    if (known || number < (this.resting.get(step) ?? 0) || !patched(stepsHere)) return 0
    return budgetMs - this.spentMs
  }

  private async tryHere<T>({ here, summary, tryAgain }: Try<T>, withinMs: number): Promise<Tried<T>> {
    const steps = proxyLocalActivities<StepsHere>({
      startToCloseTimeout: '10s',
      retry: { maximumAttempts: 1 },
      summary,
    })
    try {
      return await here(steps, withinMs)
    } catch (error) {
      const cause = error instanceof ActivityFailure ? error.cause : undefined
      if (!(cause instanceof ApplicationFailure)) return { outcome: 'slow' }
      if (cause.nonRetryable || !tryAgain) throw error
      return { outcome: 'slow' }
    }
  }
}
