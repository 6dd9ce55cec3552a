import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  log,
  patched,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow'
import { executionUri } from '../src/checkpoint/paths.js'
import type { Command, EndOutcome } from '../src/coordinator/commands.js'
import { canContinueAsNew, carryOver, decide } from '../src/coordinator/decide.js'
import type { EventBody } from '../src/coordinator/events.js'
import { type CoordinatorState, initialState, type Settings } from '../src/coordinator/state.js'
import { viewCheckpoints, viewStatus } from '../src/coordinator/view.js'
import { messageOf } from '../src/errors.js'
import { jobDefaults } from '../src/spec/job-defaults.js'
import { checkJobId } from '../src/spec/job-id.js'
import { type JobSpecInput, parseJobSpec, resolveJobSpec } from '../src/spec/job-spec.js'
import { isUnreadable } from '../src/temporal/payload-converter.js'
import { storage } from './activity-proxies.js'
import { Inbox } from './inbox.js'
import { checkpointsQuery, statusQuery } from './messages.js'
import { Performer } from './perform.js'
import { Timers } from './timers.js'
import { Turns } from './turns.js'
import { Visibility } from './visibility.js'

/** What a run hands to the next one. */
export interface Carry {
  readonly version: 1
  readonly state: CoordinatorState
  readonly notices: readonly string[]
}

/** What a job that came to its natural end answers. */
export interface JobResult {
  readonly state: 'FINISHED'
  readonly records: number
  readonly checkpoints: number
  readonly restarts: number
  readonly note?: string
}

/** Until the `open` activity says what the installation's configuration is. */
const unsettled: Settings = {
  roots: { metadata: '', data: '' },
  allowedDirs: [],
  allowDeleteOnCancel: true,
  cancelTimeoutMs: 60_000,
  historySize: 10,
  eventsPerRun: 4_000,
  searchAttributes: false,
}

/** In histories from before it, what needed no activity was told by a promise all the same: a fifth of the workflow's work for a checkpoint. */
const doneAtOnce = 'done-steps-are-told-at-once'

/**
 * A stream job. The shell around the coordinator: wait for an event, decide, perform, continue as new.
 * Everything runs non-cancellable; cancellation is an event among others.
 *
 * @param argument the job spec (see src/spec/job-spec.ts); only `definition` is required
 * @param carry from the run before, after continue-as-new; nobody else may give it
 */
export async function streamJob(argument: unknown, carry?: Carry): Promise<JobResult> {
  const input = checked(argument)
  if (carry !== undefined && workflowInfo().continuedFromExecutionRunId === undefined) {
    throw ApplicationFailure.nonRetryable('streamJob takes one argument, the job spec.', 'InvalidJobSpec')
  }
  const job = new StreamJob(input, carry)
  const root = CancellationScope.current()
  root.cancelRequested.catch(() => job.onNativeCancellation())
  return CancellationScope.nonCancellable(() => job.run())
}

function checked(argument: unknown): JobSpecInput {
  if (isUnreadable(argument)) {
    const message = `The argument of streamJob cannot be read (${argument.reason}): pass one JSON object, at least {"definition": "..."}.`
    throw ApplicationFailure.nonRetryable(message, 'InvalidJobSpec')
  }
  const parsed = parseJobSpec(argument)
  if (!parsed.ok) throw ApplicationFailure.nonRetryable(parsed.message, 'InvalidJobSpec', parsed.faults)
  try {
    checkJobId(workflowInfo().workflowId)
  } catch (error) {
    throw ApplicationFailure.nonRetryable(messageOf(error), 'InvalidJobSpec')
  }
  return parsed.spec
}

class StreamJob {
  private readonly input: JobSpecInput
  private readonly inbox: Inbox
  private readonly performer = new Performer((event) => this.inbox.push(event))
  private readonly visibility = new Visibility()
  private readonly turns = new Turns()
  private readonly timers = new Timers((timer) => this.inbox.push({ type: 'timerFired', timer }))
  private state: CoordinatorState
  private outcome: EndOutcome | undefined
  /** Hosts that were lost before this run could take their tasks over. */
  private readonly early: EventBody[] = []
  private nativelyCancelled = false
  private broken: unknown

  constructor(input: JobSpecInput, carry: Carry | undefined) {
    const { workflowId, firstExecutionRunId } = workflowInfo()
    this.input = input
    this.inbox = new Inbox(carry?.notices ?? [])
    this.state = carry?.state ?? {
      ...initialState(workflowId, firstExecutionRunId, resolveJobSpec(input, { jobDefaults }), unsettled),
      now: Date.now(),
    }
    setHandler(statusQuery, () => viewStatus(this.state, this.inbox.notices))
    setHandler(checkpointsQuery, () => viewCheckpoints(this.state))
    this.perform([carry ? { type: 'observe' } : { type: 'open' }])
  }

  onNativeCancellation(): void {
    this.nativelyCancelled = true
    this.inbox.push({ type: 'cancelRequested', by: 'native' })
  }

  async run(): Promise<JobResult> {
    this.visibility.show(this.state, this.inbox.notices)
    while (this.outcome === undefined) {
      const noticed = this.inbox.notices
      await condition(
        () => !this.inbox.isEmpty || this.inbox.notices !== noticed || this.broken !== undefined || this.canHandOver(),
      )
      if (this.broken !== undefined) throw this.broken
      while (!this.inbox.isEmpty) for (const event of this.inbox.take()) this.handle(event)
      this.watchHistory()
      this.visibility.show(this.state, this.inbox.notices)
      if (this.canHandOver()) await this.continue()
    }
    this.timers.cancelAll()
    await condition(allHandlersFinished)
    return this.close(this.outcome)
  }

  private handle(event: EventBody): void {
    if (event.type === 'hostLost') this.performer.hostLost(event)
    if (isEarly(event, this.state)) {
      this.early.push(event)
      return
    }
    const decision = decide(this.state, { ...event, now: Date.now(), nonce: uuid4(), random: Math.random() })
    this.state = decision.state
    this.perform(decision.commands)
    if (this.state.phase === 'adopting') for (const early of this.early.splice(0)) this.handle(early)
  }

  private perform(commands: readonly Command[]): void {
    for (const command of commands) {
      switch (command.type) {
        case 'startTimer':
          this.timers.start(command.timer, command.ms, command.summary)
          break
        case 'cancelTimer':
          this.timers.cancel(command.timer)
          break
        case 'settleTrigger':
        case 'settleCancel':
          this.inbox.settle(command.ids, command.outcome)
          break
        case 'end':
          this.outcome = command.outcome
          break
        default: {
          const isNewest = this.turns.begin(command.type)
          const done = this.performer.hasDone(command, this.state)
          if (done !== undefined && patched(doneAtOnce)) {
            if (done) this.inbox.push(done)
            break
          }
          this.performer.perform(command, { state: this.state, input: this.input, nonce: uuid4() }).then(
            (event) => {
              if (event && (isNewest() || isOwnershipLost(event))) this.inbox.push(event)
            },
            (error: unknown) => {
              this.broken = error
            },
          )
        }
      }
    }
  }

  /** Tells the coordinator when this run has become long, and when it has become too long. */
  private watchHistory(): void {
    const { continueAsNewSuggested, historyLength } = workflowInfo()
    const { eventsPerRun } = this.state.settings
    if (continueAsNewSuggested || historyLength >= eventsPerRun) {
      if (!this.state.nextRunDue) this.handle({ type: 'nextRunDue' })
      if (historyLength >= 2 * eventsPerRun) this.handle({ type: 'nextRunOverdue' })
    }
  }

  /** Nothing is in flight, every message is answered, and the next run is due. */
  private canHandOver(): boolean {
    const { state, inbox } = this
    return state.nextRunDue && canContinueAsNew(state) && inbox.isEmpty && allHandlersFinished()
  }

  /** The tasks run on; the next run takes them over. */
  private async continue(): Promise<never> {
    this.timers.cancelAll()
    const carry: Carry = { version: 1, state: carryOver(this.state), notices: this.inbox.notices }
    return continueAsNew<typeof streamJob>(this.input, carry)
  }

  private async close(outcome: EndOutcome): Promise<JobResult> {
    const { state } = this
    log.info('The job has ended', { ending: outcome.ending, kept: outcome.kept, note: outcome.note })
    switch (outcome.ending) {
      case 'FINISHED':
        return {
          state: 'FINISHED',
          records: state.history.find((row) => row.status === 'completed')?.records ?? 0,
          checkpoints: state.counts.completed,
          restarts: state.counts.restarts,
          ...(outcome.note !== undefined && { note: outcome.note }),
        }
      case 'CANCELED':
        // A workflow closes as Canceled only if its cancellation was requested; a signal is not such a request.
        if (!this.nativelyCancelled) {
          await storage('have Temporal close this workflow as Canceled').requestCancellation()
          await condition(() => this.nativelyCancelled)
        }
        throw new CancelledFailure(describeCancellation(state, outcome))
      case 'FAILED': {
        const failure = outcome.failure ?? { code: 'JobFailed', message: 'The job failed.' }
        const details = failure.details === undefined ? [] : [failure.details]
        throw ApplicationFailure.nonRetryable(
          `${failure.message}${describeKept(state, outcome)}`,
          failure.code,
          ...details,
        )
      }
    }
  }
}

/** A run that cannot act yet hears of it when it can. */
function isEarly(event: EventBody, { phase, hosts }: CoordinatorState): boolean {
  const waits = hosts !== undefined && (phase === 'observing' || phase === 'claiming')
  return waits && event.type === 'hostLost' && event.countsBeforeRunning === true
}

/** Says itself under which claim. */
function isOwnershipLost({ type }: EventBody): boolean {
  return type === 'fenced' || type === 'runChanged'
}

function describeCancellation(state: CoordinatorState, outcome: EndOutcome): string {
  return `The job was cancelled.${describeKept(state, outcome)}${outcome.note === undefined ? '' : ` ${outcome.note}`}`
}

function describeKept(state: CoordinatorState, outcome: EndOutcome): string {
  const newest = outcome.kept.at(-1)
  if (newest === undefined) return ''
  const folder = executionUri(state.settings.roots.metadata, state.job, state.execution)
  return ` Kept: ${outcome.kept.map((number) => `chk-${number}`).join(', ')} in ${folder}; resume from chk-${newest} with "tidemark resume ${state.job}".`
}
