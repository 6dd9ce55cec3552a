import type { Command, EndOutcome } from '../../src/coordinator/commands.js'
import { canContinueAsNew, carryOver, decide } from '../../src/coordinator/decide.js'
import type { CoordinatorEvent, EventBody, TimerName } from '../../src/coordinator/events.js'
import type { CoordinatorState } from '../../src/coordinator/state.js'
import { type Audit, audit, newAudit } from './auditor.js'
import { at, beginning, type JobOptions, newState } from './fixtures.js'
import { answer, type How } from './world-answers.js'
import { type Log, newLog } from './world-log.js'

/** A command that was given and not answered yet, with the claim and the run it was given under. */
export interface Effect {
  readonly command: Command
  readonly claim: number | undefined
  readonly run: string
}

/** The tasks of one attempt on one host. */
export interface Tasks {
  readonly host: string
  readonly attempt: number
  exhausted: boolean
}

/** What a workflow run has; a reset brings an earlier one back, and nothing else. */
interface Shell {
  state: CoordinatorState
  inFlight: Effect[]
  timers: Map<TimerName, number>
  audit: Audit
  end: EndOutcome | undefined
}

type OnDecision = (
  before: CoordinatorState,
  after: CoordinatorState,
  event: CoordinatorEvent,
  commands: readonly Command[],
) => void

/** Plain data, so that a world can be copied. */
interface WorldData {
  readonly options: JobOptions
  readonly shell: Shell
  now: number
  run: number
  messages: number
  /** Updates that were sent. */
  asked: number
  hosts: number
  readonly log: Log
  tasks: Tasks[]
  /** Publications that were given up on and may still land. */
  ghosts: Effect[]
  bookmark: Shell | undefined
  wasReset: boolean
}

/**
 * A small stand-in for shell, log and hosts. It gives commands their answers in any order and of any kind, moves the clock, and
 * has every decision audited. Deterministic: whatever is chosen is chosen by the caller.
 */
export class World {
  readonly data: WorldData
  /** What the coordinator said since somebody last looked. */
  readonly said: Command[] = []
  readonly onDecision: OnDecision

  constructor(options: JobOptions, onDecision: OnDecision = () => {}, data?: WorldData) {
    this.onDecision = onDecision
    this.data = data ?? {
      options,
      shell: {
        state: newState(options),
        inFlight: [{ command: { type: 'open' }, claim: undefined, run: 'run-1' }],
        timers: new Map(),
        audit: newAudit(),
        end: undefined,
      },
      now: beginning,
      run: 1,
      messages: 0,
      asked: 0,
      hosts: 0,
      log: newLog(),
      tasks: [],
      ghosts: [],
      bookmark: undefined,
      wasReset: false,
    }
  }

  copy(): World {
    return new World(this.data.options, this.onDecision, structuredClone(this.data))
  }

  get shell(): Shell {
    return this.data.shell
  }

  get runId(): string {
    return `run-${this.data.run}`
  }

  deliver(body: EventBody): void {
    const { shell, data } = this
    const nonce = `${this.runId}-${data.messages++}`
    const event = { ...at(data.now, body, (data.messages % 10) / 10), nonce }
    const before = shell.state
    const decision = decide(before, event)
    shell.state = decision.state
    for (const command of decision.commands) this.perform(command)
    this.said.push(...decision.commands)
    audit(this, before, event, decision)
    this.onDecision(before, decision.state, event, decision.commands)
    // As the shell does between events.
    if (shell.state.nextRunDue && canContinueAsNew(shell.state)) this.handOver()
  }

  private perform(command: Command): void {
    const { shell } = this
    switch (command.type) {
      case 'startTimer':
        shell.timers.set(command.timer, this.data.now + command.ms)
        break
      case 'cancelTimer':
        shell.timers.delete(command.timer)
        break
      case 'end':
        shell.end = command.outcome
        break
      case 'settleTrigger':
      case 'settleCancel':
      case 'cancelDeployment':
      case 'cancelWatch':
        break
      default:
        shell.inFlight.push({ command, claim: shell.state.claim?.number, run: this.runId })
    }
  }

  /** Answers one of the commands in flight. */
  answer(index: number, how: How): void {
    const { inFlight } = this.shell
    const effect = inFlight[index % Math.max(1, inFlight.length)]
    if (effect) this.answerEffect(effect, how)
  }

  answerEffect(effect: Effect, how: How): void {
    const { shell } = this
    const reply = answer(this, effect, how)
    if (reply === 'later') return
    shell.inFlight = shell.inFlight.filter((one) => one !== effect)
    if (reply !== 'nothing') this.deliver(reply)
  }

  /** Lets time pass; what is due on the way fires when it is due. */
  advance(ms: number): void {
    const until = this.data.now + ms
    for (let next = this.nextTimer(); next && next.due <= until; next = this.nextTimer())
      this.fire(next.timer, next.due)
    this.data.now = Math.max(this.data.now, until)
  }

  /** Lets time pass until the next timer fires. Whether there was one. */
  fireNext(): boolean {
    const next = this.nextTimer()
    if (next) this.fire(next.timer, next.due)
    return next !== undefined
  }

  private nextTimer(): { readonly timer: TimerName; readonly due: number } | undefined {
    const [first] = [...this.shell.timers].sort(([, a], [, b]) => a - b)
    return first && { timer: first[0], due: first[1] }
  }

  private fire(timer: TimerName, due: number): void {
    this.data.now = Math.max(this.data.now, due)
    this.shell.timers.delete(timer)
    this.deliver({ type: 'timerFired', timer })
  }

  /** Continue-as-new: activities and timers of the old run are gone, tasks run on. */
  handOver(): void {
    const { shell, data } = this
    data.run++
    data.bookmark = undefined
    shell.state = carryOver(shell.state)
    shell.timers.clear()
    shell.inFlight = [{ command: { type: 'observe' }, claim: shell.state.claim?.number, run: this.runId }]
  }

  bookmark(): void {
    if (!this.shell.end) this.data.bookmark = structuredClone(this.shell)
  }

  /** A reset: the workflow is what it was, under a new run; the log, the hosts and late writes are what they are. */
  reset(): void {
    const { bookmark } = this.data
    if (!bookmark) return
    this.data.run++
    this.data.wasReset = true
    this.data.ghosts.push(
      ...this.shell.inFlight.filter(({ command }) => command.type === 'publish' || command.type === 'snapshot'),
    )
    Object.assign(this.shell, structuredClone(bookmark))
  }
}
