import type { Command, EntryPlan } from '../../src/coordinator/commands.js'
import { decide } from '../../src/coordinator/decide.js'
import type { Decision } from '../../src/coordinator/decision.js'
import { drain } from '../../src/coordinator/draining.js'
import type { CoordinatorEvent } from '../../src/coordinator/events.js'
import { jobState } from '../../src/coordinator/job-state.js'
import type { CancelMode, CoordinatorState } from '../../src/coordinator/state.js'
import { isLegalJobState } from '../../src/coordinator/transitions.js'
import { auditAdmission, newPace, type Pace } from './admission-twin.js'
import { hold, isPlainJson, same } from './hold.js'
import { aliveAtEnd } from './retention-twin.js'
import { expectStaleEventsIgnored } from './stale-events.js'
import { isUnderWay } from './under-way.js'
import type { World } from './world.js'

/** What the auditor remembers of a run, kept apart from the coordinator's own state. Plain data. */
export interface Audit {
  /** The highest number a snapshot or claim was issued under. */
  issued: number
  /** Issued, and neither published nor given up. */
  undecided: number | undefined
  /** Fixed when it was issued; every entry at that number carries it. */
  nonce: string
  /** Updates that wait. */
  readonly waiting: Set<string>
  mode: CancelMode | undefined
  endingSince: number | undefined
  readonly pace: Pace
}

export function newAudit(): Audit {
  return {
    issued: 0,
    undecided: undefined,
    nonce: '',
    waiting: new Set(),
    mode: undefined,
    endingSince: undefined,
    pace: newPace(),
  }
}

/** Everything that must hold after each decision. */
export function audit(world: World, before: CoordinatorState, event: CoordinatorEvent, decision: Decision): void {
  const { state, commands } = decision
  const memory = world.shell.audit
  hold(isPlainJson(state), () => 'a state that JSON would change')
  same(decide(JSON.parse(JSON.stringify(before)), event), decision, 'decision after a round trip through JSON')
  const [from, to] = [jobState(before), jobState(state)]
  hold(isLegalJobState(from, to), () => `from job state ${from} to ${to}`)
  noteEvent(memory, before, event)
  if (commands.some((command) => command.type === 'snapshot')) memory.nonce = event.nonce
  for (const command of commands) auditCommand(world, memory, state, command)
  auditEnd(before, decision)
  auditAdmission(world, memory.pace, before, event, decision)
  auditState(world, memory, state)
  // Costly, hence not each time.
  if (world.data.messages % 4 === 0) expectStaleEventsIgnored(state)
}

function noteEvent(memory: Audit, { phase }: CoordinatorState, event: CoordinatorEvent): void {
  switch (event.type) {
    case 'published':
    case 'publicationAdopted':
    case 'aborted':
      if (event.number === memory.undecided) memory.undecided = undefined
      break
    case 'cancelRequested':
      if (event.id !== undefined) memory.waiting.add(event.id)
      // What comes after the decision has no effect: whoever waits is told that it came too late.
      if (event.mode !== undefined && phase !== 'closing' && phase !== 'cleaning') memory.mode = event.mode
      break
    case 'triggerRequested':
      if (event.id !== undefined) memory.waiting.add(event.id)
      break
    default:
      break
  }
}

function auditCommand(world: World, memory: Audit, state: CoordinatorState, command: Command): void {
  const asIs = JSON.stringify(command)
  const { inFlight } = world.shell
  const twins = inFlight.filter((one) => one.run === world.runId && JSON.stringify(one.command) === asIs)
  hold(twins.length < 2 || command.type === 'discard', () => `given twice: ${asIs}`)
  switch (command.type) {
    case 'claim':
      // What was undecided under the old claim is the log's to say: its number may be this very claim's.
      hold(command.plan.number >= memory.issued, () => `claim ${command.plan.number} after ${memory.issued}`)
      memory.issued = command.plan.number
      break
    case 'observe':
      memory.undecided = undefined
      break
    case 'snapshot':
      same(memory.undecided, undefined, 'undecided number')
      hold(command.plan.number > memory.issued, () => `snapshot ${command.plan.number} after ${memory.issued}`)
      same(command.reference.attempt, state.attempt, 'attempt')
      memory.issued = command.plan.number
      memory.undecided = command.plan.number
      break
    case 'publish': {
      const { alive, committedThrough } = command.plan
      const counted = alive.filter((number) => number <= committedThrough || number === command.plan.number)
      hold(counted.length <= state.spec.checkpointing.numRetained, () => `too many alive: ${alive}`)
      auditEntry(memory, state, command.plan)
      break
    }
    case 'abort':
      auditEntry(memory, state, command.plan)
      break
    case 'commit':
    case 'resolveRestorePoint':
    case 'deploy':
    case 'finishOutput':
      same(memory.undecided, undefined, 'undecided number')
      break
    case 'close':
      same(memory.undecided, undefined, 'undecided number')
      same(command.plan.alive, aliveAtEnd(state, command.plan.ending, memory.mode), 'kept at the end')
      break
    case 'settleTrigger':
    case 'settleCancel':
      for (const id of command.ids) hold(memory.waiting.delete(id), () => `${id} is settled twice`)
      break
    case 'end':
      same([...memory.waiting], [], 'updates without an answer')
      same([...world.shell.timers.keys()], [], 'timers left at the end')
      break
    default:
      break
  }
}

/** One `end`, as the last of all; whoever comes later still gets an answer. */
function auditEnd(before: CoordinatorState, { state, commands }: Decision): void {
  const types = commands.map((command) => command.type)
  const settlements = types.filter((type) => type.startsWith('settle'))
  if (before.phase === 'ended') same(types, settlements, 'after the end')
  else same(types.indexOf('end'), state.phase === 'ended' ? types.length - 1 : -1, 'position of the end')
}

function auditEntry(memory: Audit, state: CoordinatorState, plan: EntryPlan): void {
  same(plan.number, memory.undecided, 'number of the entry')
  same(plan.claim, state.claim, 'claim of the entry')
  same(plan.nonce, memory.nonce, 'nonce of the entry')
}

function auditState(world: World, memory: Audit, state: CoordinatorState): void {
  const { alive, committedThrough, counts, pending, phase } = state
  same(alive, ascending(alive), 'alive')
  const committed = alive.filter((number) => number <= committedThrough)
  const wrongly = committed.filter((number) => !world.data.log.committed.has(number))
  same(wrongly, [], 'taken for committed')
  const undecided = pending === undefined || pending.stage === 'committing' ? undefined : pending.number
  same(undecided, phase === 'ended' ? undefined : memory.undecided, 'pending')
  same(counts.triggered, counts.completed + counts.failed + (undecided === undefined ? 0 : 1), 'triggered')
  const numbers = state.history.map((row) => row.number)
  same(numbers, ascending(numbers).reverse(), 'history')
  hold(numbers.length <= state.settings.historySize, () => 'too long a history')
  if (phase === 'ended') return
  auditDeadline(world, memory, state)
  if (phase === 'draining') same(drain(state), { state, commands: [] }, 'draining twice')
  hold(isUnderWay(world, state), () => `nothing leads on from ${phase}`)
}

function ascending(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}

/** From its first moment an ending is bounded, whether or not anybody answers. */
function auditDeadline(world: World, memory: Audit, state: CoordinatorState): void {
  if (!state.ending) return
  memory.endingSince ??= state.now
  const due = world.shell.timers.get('cancel-deadline')
  hold(due !== undefined, () => 'an ending without a deadline')
  // After a reset timers fire late.
  if (world.data.wasReset) return
  const latest = memory.endingSince + state.settings.cancelTimeoutMs
  hold(due <= latest, () => `a deadline ${due - latest} ms too late`)
}
