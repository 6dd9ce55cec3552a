import {
  CancellationScope,
  condition,
  log,
  patched,
  setDefaultSignalHandler,
  setHandler,
  uuid4,
} from '@temporalio/workflow'
import { withLastMode } from '../src/coordinator/cancel.js'
import type { CancelOutcome } from '../src/coordinator/commands.js'
import type { EventBody } from '../src/coordinator/events.js'
import type { TriggerOutcome } from '../src/coordinator/state.js'
import { hostLostSignal, parseHostLoss } from './host-reports.js'
import {
  cancelSignal,
  cancelUpdate,
  parseCancel,
  parseNothing,
  savepointsNotSupported,
  show,
  stopWithSavepointSignal,
  stopWithSavepointUpdate,
  triggerCheckpointSignal,
  triggerCheckpointUpdate,
  triggerSavepointSignal,
  triggerSavepointUpdate,
} from './messages.js'

const noticesKept = 5

const lossesCountBeforeRunning = 'lost-hosts-count-before-tasks-run'

/**
 * Turns messages into events. A message that cannot be read changes nothing and never fails a workflow task: it is
 * noted, for the details and the log. Updates wait until the coordinator has settled them.
 */
export class Inbox {
  private readonly events: EventBody[] = []
  notices: readonly string[]
  private readonly settled = new Map<string, CancelOutcome | TriggerOutcome>()

  constructor(notices: readonly string[]) {
    this.notices = notices
    setHandler(cancelSignal, (...args) => {
      const parsed = parseCancel(args)
      if (!parsed.ok) return this.note(parsed.message)
      this.push({ type: 'cancelRequested', by: 'message', ...(parsed.mode && { mode: parsed.mode }) })
    })
    setHandler(triggerCheckpointSignal, (...args) => {
      const problem = parseNothing('triggerCheckpoint', args)
      return problem === undefined ? this.push({ type: 'triggerRequested' }) : this.note(problem)
    })
    setHandler(hostLostSignal, (value) => {
      const loss = parseHostLoss(value)
      if (loss === undefined) return this.note('hostLost is for task hosts, not for people.')
      const { host, execution, attempt, how, silentMs } = loss
      const message = how === 'lost' ? `Host ${host} is lost: its heartbeat ceased.` : `Host ${host} was shut down.`
      const failure = { code: how === 'lost' ? 'HostLost' : 'HostLeft', message }
      const countsBeforeRunning = patched(lossesCountBeforeRunning)
      this.push({ type: 'hostLost', attempt, failure, where: { host, execution }, silentMs, countsBeforeRunning })
    })
    setHandler(triggerSavepointSignal, () => this.note(savepointsNotSupported))
    setHandler(stopWithSavepointSignal, () => this.note(savepointsNotSupported))
    // Without it Temporal would keep what nobody handles, and nobody would hear of a misspelt name.
    setDefaultSignalHandler((name) => this.note(`There is no signal ${show(name)}: send cancel or triggerCheckpoint.`))
    setHandler(
      cancelUpdate,
      async (...args) => {
        const parsed = parseCancel(args)
        const id = uuid4()
        const mode = parsed.ok && parsed.mode ? { mode: parsed.mode } : {}
        return this.settlement<CancelOutcome>(id, { type: 'cancelRequested', by: 'message', id, ...mode })
      },
      {
        validator: (...args) => {
          const parsed = parseCancel(args)
          if (!parsed.ok) throw new Error(parsed.message)
        },
      },
    )
    setHandler(
      triggerCheckpointUpdate,
      async () => {
        const id = uuid4()
        return this.settlement<TriggerOutcome>(id, { type: 'triggerRequested', id })
      },
      {
        validator: (...args) => {
          const problem = parseNothing('triggerCheckpoint', args)
          if (problem !== undefined) throw new Error(problem)
        },
      },
    )
    for (const update of [triggerSavepointUpdate, stopWithSavepointUpdate]) {
      setHandler(update, async (_directory?: unknown): Promise<string> => refuseSavepoint(), {
        validator: (_directory?: unknown): void => refuseSavepoint(),
      })
    }
  }

  get isEmpty(): boolean {
    return this.events.length === 0
  }

  push(event: EventBody): void {
    this.events.push(event)
  }

  /** All that has come by now. */
  take(): readonly EventBody[] {
    return withLastMode(this.events.splice(0))
  }

  settle(ids: readonly string[], outcome: CancelOutcome | TriggerOutcome): void {
    for (const id of ids) this.settled.set(id, outcome)
  }

  /** In a scope of its own: a native cancellation must not reject whoever waits for the outcome of a cancel. */
  private settlement<T>(id: string, event: EventBody): Promise<T> {
    this.push(event)
    return CancellationScope.nonCancellable(async () => {
      await condition(() => this.settled.has(id))
      return this.settled.get(id) as T
    })
  }

  private note(message: string): void {
    log.warn('A message was ignored', { message })
    this.notices = [message, ...this.notices].slice(0, noticesKept)
  }
}

function refuseSavepoint(): never {
  throw new Error(savepointsNotSupported)
}
