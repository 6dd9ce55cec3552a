import type { Decision } from '../../src/coordinator/decision.js'
import type { CoordinatorEvent } from '../../src/coordinator/events.js'
import type { CoordinatorState } from '../../src/coordinator/state.js'
import { hold, same } from './hold.js'
import type { World } from './world.js'

/** When things happened that set the pace of checkpoints, as an observer from outside notes them. Plain data. */
export interface Pace {
  startedAt: number
  triggeredAt: number
  decidedAt: number
  /** A checkpoint was asked for since the last one began. */
  asked: boolean
  /** The last one failed. */
  failed: boolean
}

export function newPace(): Pace {
  return { startedAt: 0, triggeredAt: 0, decidedAt: 0, asked: false, failed: false }
}

/**
 * Admission, stated a second time from what was seen from outside: a checkpoint begins if it was asked for, if the sources
 * are exhausted, or if interval and minimum pause are over; and while one is due later, a timer says when.
 */
export function auditAdmission(
  world: World,
  pace: Pace,
  before: CoordinatorState,
  event: CoordinatorEvent,
  { state, commands }: Decision,
): void {
  const { interval, minPause } = state.spec.checkpointing
  const { now } = event
  if (event.type === 'triggerRequested' && !before.ending) pace.asked = true
  if (state.handOver && !before.handOver && state.hosts !== undefined && !state.hostsGone) pace.asked = true
  const isAskedAgain = (event.type === 'fenced' || event.type === 'runChanged') && event.triggersWait
  if (isAskedAgain && before.pending?.waiting.length && !state.pending && state.phase !== 'ended') pace.asked = true
  if (before.phase === 'deploying' && state.attempt === before.attempt && state.hosts !== undefined) {
    pace.startedAt = now
    pace.failed = false
  }
  if (state.counts.completed > before.counts.completed) Object.assign(pace, { decidedAt: now, failed: false })
  if (state.counts.failed > before.counts.failed) Object.assign(pace, { decidedAt: now, failed: true })
  const due = Math.max(pace.startedAt + interval, pace.triggeredAt + interval, pace.decidedAt + minPause)
  const dueAfterLast = pace.failed ? pace.decidedAt + 1_000 : now
  if (commands.some((command) => command.type === 'snapshot')) {
    const isDue = interval > 0 && now >= due
    hold(pace.asked || (state.exhausted ? now >= dueAfterLast : isDue), () => 'a checkpoint before its time')
    Object.assign(pace, { triggeredAt: now, asked: false })
    return
  }
  const isIdle = state.phase === 'running' && !state.pending
  if (!isIdle || state.nextRunDue) return
  const timer = world.shell.timers.get('interval')
  hold(!pace.asked, () => 'it was asked for a checkpoint and takes none')
  if (state.exhausted) same(timer, dueAfterLast, 'timer of the last checkpoint')
  else same(timer, interval === 0 ? undefined : due, 'timer of the next checkpoint')
}
