import type { Ending } from '../../src/checkpoint/entry.js'
import { keeps } from './retention-twin.js'
import { rulesOf, type Twin } from './twin-state.js'

const list = (numbers: readonly (number | string)[]) => `[${numbers}]`

/** Everyone who waits for a checkpoint. */
export function answer(t: Twin, asking: readonly string[], what: string): void {
  for (const id of asking) t.says.push(`trigger ${id} ${what}`)
}

export function claim(t: Twin, number: number): void {
  t.waitsFor = 'claim'
  t.next = number
  t.says.push(`claim ${number} ${list(t.alive)} through ${t.committedThrough}`)
}

/** Begins a checkpoint, if it is time for one. */
export function consider(t: Twin): void {
  const { interval, minPause } = rulesOf(t)
  if (t.waitsFor !== 'records' || t.cut) return
  // A run that is due for its successor begins none but for those who wait for it, the last on a host and the last of all.
  if (t.isNextRunDue && t.asking.length === 0 && !t.isExhausted && t.leaving === undefined) return
  const due = Math.max(t.startedAt + interval, t.triggeredAt + interval, t.decidedAt + minPause)
  const isLastDue = t.isExhausted && (!t.hasJustFailed || t.now >= t.decidedAt + 1_000)
  const isDue = !t.isExhausted && interval > 0 && t.now >= due
  if (!t.isAsked && !isLastDue && !isDue) return
  const number = t.next++
  const { asking: waiting, leaving } = t
  const newest = t.alive.slice(Math.max(0, t.alive.length - (rulesOf(t).numRetained - 1)))
  const alive = [...t.alive.filter((one) => newest.includes(one) || one > t.committedThrough), number]
  t.cut = { number, step: 'cutting', alive, waiting, beforeLeaving: leaving !== undefined, isFinal: false }
  Object.assign(t, { isAsked: false, asking: [], triggeredAt: t.now, triggered: t.triggered + 1 })
  t.says.push(`snapshot ${number} on ${t.base ?? 'nothing'}`)
}

export function publish(t: Twin, isFinal: boolean): void {
  const { cut } = t
  if (!cut) return
  Object.assign(cut, { step: 'publishing', isFinal })
  t.says.push(`publish ${cut.number} ${list(cut.alive)} through ${t.committedThrough}`)
}

export function giveUp(t: Twin): void {
  if (!t.cut) return
  t.cut.step = 'givingUp'
  t.says.push(`abort ${t.cut.number} ${list(t.alive)} through ${t.committedThrough}`)
}

/** It is in the log: whatever becomes of its output, it exists. */
export function complete(t: Twin): void {
  const { cut } = t
  if (!cut) return
  t.alive = [...cut.alive]
  t.base = cut.number
  Object.assign(t, { completed: t.completed + 1, consecutive: 0, decidedAt: t.now, hasJustFailed: false })
  answer(t, cut.waiting, `completed ${cut.number}`)
  if (t.hosts.length === 0 || t.isShort || t.isOverdue) {
    t.cut = undefined
    settle(t)
    return
  }
  cut.step = 'committing'
  t.says.push(`commit ${cut.number}`)
}

/** One host is gone, or all are. */
export function lose(t: Twin, host = 'all'): void {
  if (host !== 'all' && !t.hosts.includes(host)) return
  t.hosts = host === 'all' ? [] : t.hosts.filter((one) => one !== host)
  t.isShort = t.hosts.length > 0
}

/** Its number is given up, or somebody else's. */
export function miss(t: Twin): void {
  if (!t.cut) return
  answer(t, t.cut.waiting, 'failed')
  t.cut = undefined
  Object.assign(t, { failed: t.failed + 1, decidedAt: t.now, hasJustFailed: true })
}

/** The attempt is over. It costs one restart, unless its host was leaving. */
export function fail(t: Twin, isFatal = false): void {
  if (isFatal || (t.leaving === undefined && t.failures >= rulesOf(t).restarts)) {
    begin(t, 'FAILED')
    return
  }
  if (t.leaving === undefined) t.failures++
  settle(t)
}

export function begin(t: Twin, ending: Ending): void {
  t.ending = ending
  settle(t)
}

/** Nothing stays in flight before a restart or the end; then that comes. */
export function settle(t: Twin): void {
  t.waitsFor = 'settled'
  const { cut } = t
  if (cut?.step === 'cutting') giveUp(t)
  if (cut?.step === 'committing' && (t.hosts.length === 0 || t.isShort || t.isOverdue)) t.cut = undefined
  if (t.cut) return
  if (t.hosts.length > 0) {
    t.hasToldToStop = true
    if (!t.isOverdue) return
    t.hosts = []
  }
  if (!t.ending) {
    t.waitsFor = t.leaving === undefined ? 'pause' : 'log'
    return
  }
  const unfinished = t.alive.filter((number) => number > t.committedThrough)
  if (unfinished.length > 0 && !t.isOverdue && t.output !== 'tried') {
    if (t.output === 'untried') t.says.push('finish output')
    t.output = 'finishing'
    return
  }
  const { retention, allowDelete } = rulesOf(t)
  t.kept = keeps(retention, t.ending, t.mode, allowDelete) ? t.alive : unfinished
  t.waitsFor = 'closed'
  t.says.push(`close ${t.next} ${list(t.kept)} through ${t.committedThrough} ${t.ending}`)
}

/** The workflow closes. */
export function finish(t: Twin, ending: Ending, kept: readonly number[]): void {
  const { retention, allowDelete } = rulesOf(t)
  const isRetained = kept.length > 0 || keeps(retention, 'CANCELED', t.mode, allowDelete)
  if (t.cut) miss(t)
  answer(t, t.asking, 'failed')
  for (const id of t.cancelling) t.says.push(`cancel ${id} ${isRetained ? 'retained' : 'deleted'} ${list(kept)}`)
  t.says.push(`end ${ending} ${list(kept)}`)
  Object.assign(t, { waitsFor: 'nothing', ending, asking: [], cancelling: [], alive: [...kept] })
}
