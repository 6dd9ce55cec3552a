import type { JobOptions } from './fixtures.js'
import type { Step } from './steps.js'
import type { How } from './world-answers.js'

const work = (times: number): Step => ({ kind: 'work', times })
const answer = (index: number, how: How): Step => ({ kind: 'answer', index, how })
const trigger: Step = { kind: 'trigger', waits: false }
const cancel: Step = { kind: 'cancel', by: 'native', waits: true }
const timer: Step = { kind: 'timer' }
const nextRun: Step = { kind: 'nextRun', overdue: false }

const options: JobOptions = {
  checkpointing: { interval: 0, tolerableFailedCheckpoints: 0 },
  restartStrategy: { type: 'fixed-delay', attempts: 2, delay: 500 },
}

/** Opened, claimed, resolved, deployed: records flow. */
const running = work(4)
/** The commit of a first checkpoint fails, and the tasks are stopped. */
const uncommitted = [running, trigger, work(2), answer(1, 'fails'), work(1)]
/** The next run has claimed and is to take the tasks over. */
const adopting = [running, nextRun, work(2)]

/** Lives through moves that chance seldom finds. */
export const rareLives: readonly (readonly [JobOptions, Step[]])[] = [
  // The restore point is damaged while output is unfinished: resolving → draining.
  [options, [...uncommitted, timer, answer(1, 'fails')]],
  // Ownership is lost while the restore point is being found: resolving → observing.
  [options, [work(2), answer(0, 'lost')]],
  // Cancelled before the restart, with output unfinished: backoff → draining.
  [options, [...uncommitted, cancel]],
  // Reset during the pause, which a discard of the old run finds out: backoff → observing.
  [
    options,
    [
      running,
      trigger,
      work(3),
      answer(0, 'fails'),
      work(1),
      { kind: 'bookmark' },
      { kind: 'reset' },
      answer(0, 'works'),
    ],
  ],
  // Cancelled while the tasks are being stopped before a restart: FAILING → CANCELLING.
  [options, [running, answer(0, 'fails'), cancel]],
  // The deployment is cancelled too late: deploying → draining.
  [options, [work(3), cancel, work(1)]],
  // Cancelled while a new run takes over: adopting → draining, and adopting → closing where the host is silent.
  [options, [...adopting, cancel, work(1)]],
  [options, [...adopting, cancel, timer]],
  // A newer owner claims in between: adopting → observing.
  [options, [...adopting, { kind: 'intruder', closes: false }, answer(0, 'fails')]],
]
