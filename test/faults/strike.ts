import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../examples/demo/until.js'
import type { Fault } from '../support/fault-proxy.js'
import type { Action, Order } from '../support/faults/faults.js'
import { untilStopped } from '../support/faults/process-state.js'
import { pick } from './deck.js'
import { canStrike, type FaultKind, type Release, releases } from './faults-of-the-world.js'
import { signal } from './hosts.js'
import type { CampaignJob } from './job.js'
import { cancelAndResume, flood, resetToEarlier, terminateAndResume } from './messages.js'
import { type DiskPoint, isStorePoint, type Point, type Step } from './points/point.js'
import { orderAt, pointsFor, provocationOf, storeOrderAt } from './steps-of-the-path.js'
import type { StoreAction, StoreOrder } from './store/store-faults.js'
import { within } from './stories/scene.js'

/** How long a fault waits for its step, milliseconds; one that is not reached by then did not strike. A store that is being restarted takes its time. */
const patienceMs = { file: 25_000, s3: 30_000, hdfs: 45_000 }

/** Nothing that is tried again within the time-out of a checkpoint on a disk succeeds meanwhile. */
const longerThanTimeoutMs = 4_500

export interface Blow {
  readonly job: CampaignJob
  readonly fault: FaultKind
  readonly step: Step
  readonly point?: string | undefined
  readonly release?: Release | undefined
  readonly lasting?: boolean | undefined
  readonly random: () => number
}

/** An order at a point, of a disk or of a store. */
interface Armed {
  readonly struck: Promise<{ readonly pid: number }>
  release(): Promise<void>
  disarm(): Promise<void>
}

/** What became of it, for people. */
export interface Strike {
  readonly where: string
  /** Whether the job came there in time. */
  readonly reached: boolean
}

export async function strike(blow: Blow): Promise<Strike> {
  const { job, step, random } = blow
  if (step === 'timer') {
    await pause(random() * 300)
    await act(blow, undefined, undefined)
    return { where: 'between two checkpoints', reached: true }
  }
  const point = pick(
    pointsFor(job.range.scheme, step, job).filter((one) => suits(one, blow)),
    random,
  )
  const { armed, what } = await arm(blow, point)
  const where = `${point.name} (${what})`
  try {
    await provoke(blow)
    const struck = await job.nudging(within(patienceMs[job.range.scheme], armed.struck))
    if (struck === undefined) return { where, reached: false }
    await act(blow, armed, struck.pid)
    return { where, reached: true }
  } finally {
    await armed.disarm()
    await armed.release()
  }
}

async function arm(blow: Blow, point: Point): Promise<{ readonly armed: Armed; readonly what: string }> {
  const { job } = blow
  const { faults, remote, directory } = job.range
  if (!isStorePoint(point)) {
    const deed = deedAt(blow, point)
    return { armed: await faults.arm({ ...orderAt(point, job.id, directory), ...deed }), what: deed.action.do }
  }
  if (remote === undefined) throw new Error(`A directory has no requests: ${point.name}.`)
  const deed = requestDeedAt(blow, remote.faults.errors)
  const { action, when } = deed
  const fault = action.do === 'fail' ? ` ${nameOf(action.fault)}` : ''
  return { armed: remote.faults.arm({ ...storeOrderAt(point, job.id), ...deed }), what: `${action.do}${fault} ${when}` }
}

/** Faults after which the call that was struck goes on late. */
const lateFaults: readonly FaultKind[] = ['stop', 'hang', 'reset', 'terminate', 'cancel']

function suits(point: Point, { fault, point: wanted }: Blow): boolean {
  if (!canStrike(fault, point)) return false
  if (wanted !== undefined) return point.name === wanted
  return isStorePoint(point) || !(point.mustNotBeLate && lateFaults.includes(fault))
}

/** What happens to a call of the file system. */
function deedAt(
  { fault, lasting, random }: Blow,
  point: DiskPoint,
): Pick<Order, 'when'> & { readonly action: Action; readonly lasting: boolean } {
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
    case 'hang':
      return { action: { do: 'hold' }, when: 'before', lasting: lasting ?? random() < 0.5 }
    case 'slow':
      return { action: { do: 'delay', ms: 100 + Math.floor(random() * 900) }, when: 'before', lasting: true }
    case 'error': {
      const code = pick(['EIO', 'ENOSPC', 'EACCES', 'EROFS'], random)
      if (point.ops.includes('write') && random() < 0.5) return once({ do: 'short', code: 'ENOSPC' })
      const when = random() < 0.7 ? 'before' : 'after'
      return { action: { do: 'fail', code }, when, lasting: lasting ?? random() < 0.5 }
    }
    default:
      return once({ do: 'hold' })
  }
}

/** What happens to a request. What is held is held on its way there or on its way back. */
function requestDeedAt(
  { fault, release, lasting, random }: Blow,
  errors: readonly Fault[],
): Pick<StoreOrder, 'when' | 'lasting'> & { readonly action: StoreAction } {
  const either = () => (random() < 0.5 ? 'before' : 'after')
  switch (fault) {
    case 'kill-before':
      return { action: { do: 'kill' }, when: 'before' }
    case 'kill-after':
      return { action: { do: 'kill' }, when: 'after' }
    case 'kill-late':
      return { action: { do: 'kill', late: true }, when: 'before' }
    case 'stop':
      return { action: { do: 'stop' }, when: either() }
    case 'hang':
      return { action: { do: 'hold' }, when: either(), lasting: lasting ?? random() < 0.5 }
    case 'slow':
      return { action: { do: 'delay', ms: 100 + Math.floor(random() * 900) }, when: 'before', lasting: true }
    case 'error':
      return { action: { do: 'fail', fault: pick(errors, random) }, when: 'before', lasting: random() < 0.5 }
    default:
      // What the server has done already, nobody can overtake.
      return { action: { do: 'hold' }, when: release === 'overtaken' ? 'before' : either() }
  }
}

function nameOf(fault: Fault): string {
  if (typeof fault === 'string') return fault
  const said = /<Code>(\w+)|"exception":"(\w+)/.exec(fault.body ?? '')
  return [fault.status, said?.[1] ?? said?.[2]].filter(Boolean).join(' ')
}

/** Makes the job come to where it does not come by itself. */
async function provoke({ job, step, random }: Blow): Promise<void> {
  switch (provocationOf(step)) {
    case 'restart': {
      const point = { ops: ['write'], path: /^out\/JOB\/[^/]+\/in-progress\// } as const
      const order = orderAt({ name: 'output', ...point }, job.id, job.range.directory)
      const armed = await job.range.faults.arm({ ...order, when: 'before', action: { do: 'fail', code: 'EIO' } })
      await job.nudging(within(patienceMs[job.range.scheme], armed.struck))
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
async function act(blow: Blow, armed: Armed | undefined, struck: number | undefined): Promise<void> {
  const { job, fault, lasting, random } = blow
  const { range } = job
  const pid = async () => struck ?? range.hosts.any(random)
  const release = async () => armed?.release()
  switch (fault) {
    case 'kill-before':
    case 'kill-after':
      if (struck === undefined) signal(await pid(), 'SIGKILL')
      return
    case 'kill-late':
      await untilMoved(job)
      return release()
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
      await pause(lasting ? longerThanTimeoutMs : random() * 1_500)
      return
    case 'slow':
      await pause(1_000 + random() * 1_500)
      return
    case 'power-cut':
      return range.cutPower(random() < 0.5 ? undefined : random)
    case 'store-kill':
      await range.killStore()
      return release()
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
