import type { CoordinatorEvent, Observation } from '../../src/coordinator/events.js'
import {
  answer,
  begin,
  claim,
  complete,
  consider,
  fail,
  finish,
  giveUp,
  lose,
  miss,
  publish,
  settle,
} from './twin-moves.js'
import type { Twin } from './twin-state.js'

/** Tells the twin what has happened. What the job must then be, and what must be said of it, is in the twin afterwards. */
export function tell(t: Twin, event: CoordinatorEvent): void {
  t.now = event.now
  t.says = []
  const step = 'number' in event && event.number === t.cut?.number ? t.cut.step : undefined
  const isOfAttempt = 'attempt' in event && event.attempt === t.attempt
  const { waitsFor } = t
  switch (event.type) {
    case 'opened':
      if (waitsFor === 'opened') meet(t, event.opened.newest)
      break
    case 'openFailed':
      if (waitsFor === 'opened') disown(t, [])
      break
    case 'observed':
      if (waitsFor === 'log') meet(t, event.newest)
      break
    case 'claimTaken':
      if (waitsFor === 'claim') t.waitsFor = 'log'
      break
    case 'claimFailed':
      if (waitsFor !== 'log' && waitsFor !== 'claim') break
      disown(t, event.failure.code === 'Fenced' ? [] : t.alive)
      break
    case 'claimed':
      if (waitsFor !== 'claim') break
      Object.assign(t, { claim: event.number, next: event.number + 1 })
      if (t.ending) settle(t)
      else t.waitsFor = t.hosts.length === 0 ? 'restorePoint' : 'adoption'
      break
    case 'restorePointResolved':
      if (waitsFor !== 'restorePoint') break
      if (t.ending) {
        settle(t)
        break
      }
      t.waitsFor = 'deployment'
      t.restoring = event.restore?.number
      t.attempt++
      if (t.leaving !== undefined) t.handOvers++
      t.says.push(`deploy ${t.attempt} from ${t.restoring ?? 'nothing'}`)
      break
    case 'resolveFailed':
      if (waitsFor !== 'restorePoint') break
      if (t.ending) settle(t)
      else begin(t, 'FAILED')
      break
    case 'deployed':
      if (waitsFor !== 'deployment' || !isOfAttempt) break
      t.hosts = [...event.result.hosts]
      Object.assign(t, { isShort: false, hasToldToStop: false, isExhausted: false, leaving: undefined })
      Object.assign(t, { base: t.restoring, startedAt: t.now, hasJustFailed: false, consecutive: 0 })
      t.committedThrough = Math.max(t.committedThrough, t.restoring ?? 0)
      if (t.ending) {
        settle(t)
        break
      }
      t.waitsFor = 'records'
      consider(t)
      break
    case 'deployFailed':
      if (waitsFor !== 'deployment' || !isOfAttempt) break
      t.leaving = undefined
      if (t.ending) settle(t)
      else fail(t, event.failure.code === 'CheckpointDamaged')
      break
    case 'adopted':
      if (waitsFor !== 'adoption') break
      if (t.ending) {
        settle(t)
        break
      }
      t.waitsFor = 'records'
      consider(t)
      break
    case 'adoptionFailed':
      if (waitsFor !== 'adoption') break
      lose(t, event.failure.host)
      if (t.ending) settle(t)
      else fail(t)
      break
    case 'attemptEnded':
      if (waitsFor !== 'records' || !isOfAttempt) break
      if (event.outcome.kind === 'failed') {
        fail(t)
        break
      }
      t.isExhausted = true
      consider(t)
      break
    case 'hostLeaving':
      if (waitsFor !== 'records' || !isOfAttempt || t.leaving !== undefined || !t.hosts.includes(event.host)) break
      Object.assign(t, { leaving: event.host, isAsked: true })
      consider(t)
      break
    case 'hostLost':
      if (!isOfAttempt || (event.where && !t.hosts.includes(event.where.host))) break
      if (waitsFor === 'settled' && !event.where) break
      if (waitsFor === 'adoption' && !event.countsBeforeRunning) break
      if (!['records', 'settled', 'adoption'].includes(waitsFor)) break
      lose(t, event.where?.host ?? event.failure.host)
      if (waitsFor === 'settled' || (waitsFor === 'adoption' && t.ending)) settle(t)
      else fail(t)
      break
    case 'snapshotTaken':
      if (step === 'cutting') publish(t, event.result.final)
      break
    case 'snapshotFailed':
      if (step !== 'cutting' || !t.cut) break
      if (tellsOfLoss(event.failure.code)) t.cut.lost = event.failure.host ?? 'all'
      giveUp(t)
      break
    case 'publicationUnknown':
      if (step === 'publishing') giveUp(t)
      break
    case 'published':
      if (step === 'publishing' || step === 'givingUp') complete(t)
      break
    case 'publicationAdopted':
      if (step !== 'givingUp' || !t.cut) break
      t.cut.isFinal = event.result.final
      complete(t)
      break
    case 'aborted': {
      if (step !== 'givingUp') break
      const { beforeLeaving: isLast, lost } = t.cut ?? {}
      miss(t)
      t.consecutive++
      if (lost !== undefined) lose(t, lost)
      if (waitsFor === 'settled') settle(t)
      else if (lost !== undefined) fail(t)
      else if (isLast) settle(t)
      else if (t.leaving !== undefined) consider(t)
      else if (t.consecutive > (t.options.checkpointing?.tolerableFailedCheckpoints ?? 0)) fail(t)
      else consider(t)
      break
    }
    case 'committed': {
      if (step !== 'committing' || !t.cut) break
      const { isFinal, beforeLeaving } = t.cut
      t.committedThrough = event.number
      t.cut = undefined
      if (waitsFor === 'settled') settle(t)
      else if (isFinal) begin(t, 'FINISHED')
      else if (beforeLeaving) settle(t)
      else consider(t)
      break
    }
    case 'commitFailed':
      if (step !== 'committing') break
      if (tellsOfLoss(event.failure.code)) lose(t, event.failure.host)
      t.cut = undefined
      if (waitsFor === 'settled') settle(t)
      else fail(t)
      break
    case 'fenced':
    case 'runChanged':
      if (t.claim !== event.claim || waitsFor === 'nothing') break
      if (event.snapshot !== undefined && (event.snapshot !== t.cut?.number || t.cut.step !== 'cutting')) break
      if (waitsFor === 'cleaned') finish(t, t.ending ?? 'FAILED', t.kept)
      else if (!['opened', 'log', 'claim'].includes(waitsFor)) loseOwnership(t, event.triggersWait === true)
      break
    case 'outputFinished':
    case 'outputUnfinished':
      if (t.output !== 'finishing' || waitsFor !== 'settled') break
      t.output = 'tried'
      if (event.type === 'outputFinished') t.committedThrough = Math.max(t.committedThrough, event.through)
      settle(t)
      break
    case 'stopped':
      if (!isOfAttempt || !t.hasToldToStop || t.hosts.length === 0) break
      t.hosts = []
      if (waitsFor === 'settled') settle(t)
      break
    case 'closed':
      if (waitsFor !== 'closed') break
      t.waitsFor = 'cleaned'
      t.alive = t.kept
      break
    case 'closeFailed':
      if (waitsFor === 'closed') finish(t, t.ending ?? 'FAILED', t.alive)
      break
    case 'cleaned':
    case 'cleanupFailed':
      if (waitsFor === 'cleaned') finish(t, t.ending ?? 'FAILED', t.kept)
      break
    case 'timerFired':
      if (event.timer === 'interval') consider(t)
      if (event.timer === 'backoff' && waitsFor === 'pause') t.waitsFor = 'log'
      if (event.timer === 'cancel-deadline' && t.ending && waitsFor !== 'nothing') deadline(t)
      break
    case 'cancelRequested':
      cancel(t, event.mode, event.id)
      break
    case 'nextRunDue':
      t.isNextRunDue = true
      break
    case 'nextRunOverdue':
      answer(t, t.asking, 'failed')
      t.asking = []
      break
    case 'triggerRequested':
      if (t.ending) {
        if (event.id !== undefined) answer(t, [event.id], 'failed')
        break
      }
      t.isAsked = true
      if (event.id !== undefined) t.asking.push(event.id)
      consider(t)
      break
  }
}

function tellsOfLoss(code: string): boolean {
  return code === 'HostLost' || code === 'TasksGone'
}

/** The newest entry of the log is the truth. */
function meet(t: Twin, newest: Observation | undefined): void {
  t.alive = [...(newest?.alive ?? [])]
  if (newest?.closed) {
    disown(t, t.alive)
    return
  }
  t.committedThrough = Math.max(t.committedThrough, newest?.committedThrough ?? 0)
  claim(t, (newest?.number ?? 0) + 1)
}

/** There is no log for it to write the end to. */
function disown(t: Twin, kept: readonly number[]): void {
  finish(t, t.ending === 'CANCELED' ? 'CANCELED' : 'FAILED', kept)
}

/** Somebody else writes here now: begin again from what the log says. */
function loseOwnership(t: Twin, isAskedAgain: boolean): void {
  const { cut } = t
  if (isAskedAgain && cut && cut.step !== 'committing' && cut.waiting.length > 0) {
    t.asking.unshift(...cut.waiting.splice(0))
    t.isAsked = true
  }
  if (t.cut?.step !== 'committing') miss(t)
  Object.assign(t, {
    waitsFor: 'log',
    claim: undefined,
    cut: undefined,
    hosts: [],
    leaving: undefined,
    output: 'untried',
  })
}

function deadline(t: Twin): void {
  if (t.isOverdue) finish(t, t.ending ?? 'FAILED', t.alive)
  else if (['settled', 'restorePoint', 'deployment', 'adoption'].includes(t.waitsFor)) {
    t.isOverdue = true
    settle(t)
  } else t.isOverdue = true
}

/** The last explicit mode wins until the log is being closed; a native cancellation, which has none, changes nothing. */
function cancel(t: Twin, mode: Twin['mode'], id: string | undefined): void {
  const isDecided = ['closed', 'cleaned'].includes(t.waitsFor) && mode !== undefined
  if (t.waitsFor === 'nothing' || (t.ending && t.ending !== 'CANCELED') || isDecided) {
    if (id !== undefined) t.says.push(`cancel ${id} too late`)
    return
  }
  t.mode = mode ?? t.mode
  if (id !== undefined) t.cancelling.push(id)
  if (t.ending) return
  if (['records', 'settled', 'pause'].includes(t.waitsFor)) begin(t, 'CANCELED')
  else t.ending = 'CANCELED'
}

/** Continue-as-new: the next run reads the log again, and the tasks run on. */
export function nextRun(t: Twin): void {
  Object.assign(t, { waitsFor: 'log', claim: undefined, isNextRunDue: false })
}
