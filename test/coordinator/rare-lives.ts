import type { CancelMode } from '../../src/coordinator/state.js'
import type { JobOptions } from './fixtures.js'
import type { Step } from './steps.js'
import type { How } from './world-answers.js'

const work = (times: number): Step => ({ kind: 'work', times })
const answer = (index: number, how: How): Step => ({ kind: 'answer', index, how })
const trigger: Step = { kind: 'trigger', waits: false }
const cancel: Step = { kind: 'cancel', by: 'native', waits: true }
const say = (mode: CancelMode): Step => ({ kind: 'cancel', by: 'message', mode, waits: true })
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

/** Lives through moves and coincidences that chance seldom finds. */
export const rareLives: readonly (readonly [JobOptions, Step[]])[] = [
  // The restore point is damaged while output is unfinished: resolving → draining.
  [options, [...uncommitted, timer, work(2), answer(1, 'fails')]],
  // Ownership is lost while the restore point is being found: resolving → observing.
  [options, [work(2), answer(0, 'lost')]],
  // The workflow was reset while a host was being looked for: deploying → observing.
  [options, [work(3), { kind: 'bookmark' }, { kind: 'reset' }, answer(0, 'works')]],
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
  // Cancelled while a new run claims: claiming → draining.
  [options, [running, nextRun, work(1), cancel, work(1)]],
  // Cancelled while it takes over: adopting → draining, and adopting → closing where the host is silent.
  [options, [...adopting, cancel, work(1)]],
  [options, [...adopting, cancel, timer]],
  // Three cancels that contradict each other, while the tasks are being stopped.
  [options, [running, trigger, work(3), say('DELETE'), cancel, say('RETAIN')]],
  [options, [running, trigger, work(3), say('RETAIN'), say('DELETE'), cancel]],
  // The last checkpoint has failed and is to be tried again when the next run is due.
  [
    { ...options, checkpointing: { tolerableFailedCheckpoints: 3 } },
    [running, answer(0, 'works'), answer(0, 'fails'), work(1), nextRun],
  ],
  // The tasks fail, and then the job is cancelled while they are being stopped, and while output is being finished.
  [{ ...options, restartStrategy: { type: 'none' } }, [...uncommitted, cancel, say('DELETE')]],
  [options, [...uncommitted, cancel, say('DELETE'), say('RETAIN')]],
  // Reset while output is being finished without tasks.
  [options, [...uncommitted, cancel, { kind: 'bookmark' }, { kind: 'reset' }, answer(1, 'works'), answer(0, 'works')]],
  // Cancelled while the storage does not decide a number, to the last: draining → ended.
  [options, [running, trigger, work(1), cancel, timer, timer]],
  // The host's workflow tells of its loss while its tasks are being stopped.
  [options, [running, answer(0, 'fails'), { kind: 'silence', dead: true }]],
  // The restore point is damaged at the start; the first deployment fails; tasks are gone when a new run comes for them.
  [options, [work(2), answer(0, 'fails')]],
  [options, [work(3), answer(0, 'fails')]],
  [options, [...adopting, answer(0, 'fails')]],
  // A host leaves in the middle of a checkpoint whose commit then fails; the deployment after it fails too.
  [options, [running, trigger, { kind: 'leaving' }, work(2), answer(0, 'fails'), work(5), answer(0, 'fails')]],
  // A host leaves, and its workflow says so before the last checkpoint is complete.
  [options, [running, { kind: 'leaving' }, { kind: 'silence', dead: true }]],
  // A newer owner claims in between: adopting → observing.
  [options, [...adopting, { kind: 'intruder', closes: false }, answer(0, 'fails')]],
]
