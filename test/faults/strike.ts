import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../examples/demo/until.js'
import type { Action, Armed, Strike } from '../support/faults/faults.js'
import { untilStopped } from '../support/faults/process-state.js'
import { pick } from './deck.js'
import { type FaultKind, type Release, releases } from './faults-of-the-world.js'
import { signal } from './hosts.js'
import type { CampaignJob } from './job.js'
import { cancelAndResume, flood, resetToEarlier, terminateAndResume } from './messages.js'
import { orderAt, type Point, pointsFor, provocationOf, type Step } from './steps-of-the-path.js'
import { within } from './stories/scene.js'

/** How long a fault waits for its step; one that is not reached by then did not strike. */
const patienceMs = 25_000

export interface Blow {
  readonly job: CampaignJob
  readonly fault: FaultKind
  readonly step: Step
  readonly point?: string | undefined
  readonly release?: Release | undefined
  readonly random: () => number
}

/** What became of it: where it struck, for people; undefined: it did not. */
export async function strike(blow: Blow): Promise<string | undefined> {
  const { job, step, random } = blow
  if (step === 'timer') {
    await pause(random() * 300)
    await act(blow, undefined, undefined)
    return 'between two checkpoints'
  }
  const points = pointsFor(step, job.definition !== 'copies').filter((point) => suits(point, blow))
  const point = pick(points, random)
  const { faults, directory } = job.range
  const order = orderAt(point, job.id, directory)
  const { action, when, lasting } = actionOf(blow, point)
  const armed = await faults.arm({ ...order, when, action, lasting })
  try {
    await provoke(blow)
    const struck = await job.nudging(within(patienceMs, armed.struck))
    if (struck === undefined) return undefined
    await act(blow, armed, struck)
    return `${point.name} (${action.do})`
  } finally {
    await armed.disarm()
    await armed.release()
  }
}

/** Faults after which the call that was struck goes on late. */
const lateFaults: readonly FaultKind[] = ['stop', 'hang', 'reset', 'terminate', 'cancel']

function suits(point: Point, { fault, point: wanted }: Blow): boolean {
  if (wanted !== undefined) return point.name === wanted
  return !(point.mustNotBeLate && lateFaults.includes(fault))
}

function actionOf(
  { fault, random }: Blow,
  point: Point,
): { action: Action; when: 'before' | 'after'; lasting: boolean } {
  const once = (action: Action, when: 'before' | 'after' = 'before') => ({ action, when, lasting: false })
  switch (fault) {
    case 'kill-before':
      return once({ do: 'kill' })
    case 'kill-after':
      return once({ do: 'kill' }, 'after')
    case 'power-cut':
      return once({ do: 'kill' }, random() < 0.7 ? 'after' : 'before')
    case 'stop':
      return once({ do: 'stop' })
    case 'slow':
      return { action: { do: 'delay', ms: 100 + Math.floor(random() * 900) }, when: 'before', lasting: true }
    case 'error': {
      const code = pick(['EIO', 'ENOSPC', 'EACCES', 'EROFS'], random)
      if (point.ops.includes('write') && random() < 0.5) return once({ do: 'short', code: 'ENOSPC' })
      return { action: { do: 'fail', code }, when: random() < 0.7 ? 'before' : 'after', lasting: random() < 0.5 }
    }
    default:
      return once({ do: 'hold' })
  }
}

/** Makes the job come to where it does not come by itself. */
async function provoke({ job, step, random }: Blow): Promise<void> {
  switch (provocationOf(step)) {
    case 'restart': {
      const point = { ops: ['write'], path: /^out\/JOB\/[^/]+\/in-progress\// } as const
      const order = orderAt({ name: 'output', ...point }, job.id, job.range.directory)
      const armed = await job.range.faults.arm({ ...order, when: 'before', action: { do: 'fail', code: 'EIO' } })
      await job.nudging(within(patienceMs, armed.struck))
      await armed.disarm()
      return
    }
    case 'newRun':
      return resetToEarlier(job, random)
    case 'newExecution':
      return terminateAndResume(job, random)
    case 'none':
      return
  }
}

/** What follows the strike, while the call stands still if it does. Without one it happens at once. */
async function act(blow: Blow, armed: Armed | undefined, struck: Strike | undefined): Promise<void> {
  const { job, fault, random } = blow
  const { range } = job
  const pid = async () => struck?.pid ?? range.hosts.any(random)
  const release = async () => armed?.release()
  switch (fault) {
    case 'kill-before':
    case 'kill-after':
      if (struck === undefined) signal(await pid(), 'SIGKILL')
      return
    case 'stop': {
      const stopped = await pid()
      if (struck === undefined) signal(stopped, 'SIGSTOP')
      try {
        await untilStopped(stopped)
        await untilMoved(job)
      } finally {
        signal(stopped, 'SIGCONT')
      }
      return
    }
    case 'hang':
      await untilMoved(job, 2_000 + random() * 6_000)
      return release()
    case 'error':
      await pause(random() * 1_500)
      return
    case 'slow':
      await pause(1_000 + random() * 1_500)
      return
    case 'power-cut':
      return range.cutPower(random() < 0.5 ? undefined : random)
    case 'sigterm': {
      const leaving = await pid()
      signal(leaving, 'SIGTERM')
      await pause(random() * 100)
      await release()
      return range.hosts.ended(leaving)
    }
    case 'server-kill':
      await range.killServer()
      return release()
    case 'reset':
      await overtake(blow, () => resetToEarlier(job, random))
      return release()
    case 'terminate':
      await overtake(blow, () => terminateAndResume(job, random))
      return release()
    case 'cancel':
      return cancelAndResume(job, random, release)
    case 'flood':
      await flood(job, random)
      return release()
  }
}

/** Another run takes over, and the call that is held up goes on early or late. */
async function overtake({ job, random, release }: Blow, takeOver: () => Promise<void>): Promise<void> {
  const { number, execution } = { number: await job.position(), execution: job.execution }
  await takeOver()
  const when = release ?? pick(releases, random)
  if (when === 'moved') await untilMoved(job, 10_000)
  if (when !== 'overtaken') return
  const entry = async () =>
    (
      await job
        .log(execution)
        .observe()
        .catch(() => undefined)
    )?.newest?.number ?? 0
  await until('the log to go on', async () => ((await entry()) > number ? true : undefined), {
    timeoutMs: 10_000,
    everyMs: 5,
  }).catch(() => undefined)
}

/** A checkpoint is complete that had not begun, or the time is over. */
async function untilMoved(job: CampaignJob, withinMs = 20_000): Promise<void> {
  await job.untilCheckpointAbove(await job.position(), withinMs).catch(() => undefined)
}
