import { activityInfo } from '@temporalio/activity'
import { ApplicationFailure, type WorkflowHandle, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { DeployInput } from '../../activities/contract.js'
import { hostQueue } from '../../src/temporal/task-queues.js'
import { deployedOn } from '../coordinator/fixtures.js'
import { ended } from './endings.js'
import { activityFailed } from './history-events.js'
import { type StubInstallation, startStubInstallation } from './stub-installation.js'

/** How room is found on several hosts, on a server whose clock skips the waits. */
let stub: StubInstallation

/** What each ask for room meets, in turn: a host with so many slots, or nobody. */
type Room = readonly [host: string, slots: number] | 'nobody'

let rooms: Room[] = []
let asks: { readonly id: string; readonly input: DeployInput }[] = []
let said: string[] = []
/** Hosts that refuse, or are lost, once. */
let refuse: { keep?: string; confirm?: string; start?: string; lost?: string; early?: string } = {}
/** A host whose tasks have started only when it is let go. */
let slow: { readonly host: string; readonly until: Promise<void>; readonly go: () => void } | undefined

/** A host that does not answer, once. */
let silent: { readonly does: string; readonly asked: () => void; readonly over: Promise<void> } | undefined
/** A host that does it at the second try. The clock skips to that once all others have answered. */
let late: { readonly does: string; readonly tried: () => void } | undefined

async function answer(does: string): Promise<void> {
  said.push(does)
  if (late !== undefined && does.startsWith(late.does)) {
    late.tried()
    late = undefined
    throw ApplicationFailure.create({ type: 'Late', message: 'Not yet.', nextRetryDelay: '30s' })
  }
  if (silent === undefined || !does.startsWith(silent.does)) return
  const { asked, over } = silent
  silent = undefined
  asked()
  await over
}

function silentOnce(does: string): { readonly asked: Promise<void>; readonly end: () => void } {
  let end = () => {}
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  const asked = new Promise<void>((resolve) => {
    silent = { does, asked: resolve, over }
  })
  return { asked, end }
}

function triedOnce(does: string): Promise<void> {
  return new Promise((resolve) => {
    late = { does, tried: resolve }
  })
}

function slowOn(host: string): typeof slow {
  let go = () => {}
  const until = new Promise<void>((resolve) => {
    go = resolve
  })
  return { host, until, go }
}

const full = () => ApplicationFailure.create({ type: 'HostFull', message: 'Full.', nextRetryDelay: '2s' })

/** The host on whose queue the activity runs. */
function self(): string {
  return ['a', 'b', 'c'].find((name) => hostQueue(name) === activityInfo().taskQueue) ?? ''
}

beforeAll(async () => {
  stub = await startStubInstallation({
    hosts: ['a', 'b', 'c'],
    async deploy(input) {
      const { activityId } = activityInfo()
      if (asks.at(-1)?.id !== activityId) asks.push({ id: activityId, input })
      const room = rooms[asks.length - 1]
      if (room === undefined || room === 'nobody') throw full()
      const [host, reserved] = room
      return { host, reserved, build: 'b1' }
    },
    onHosts: {
      async holdSlots({ atLeast }) {
        await answer(`${self()} confirms ${atLeast}`)
        if (refuse.confirm !== self()) return { host: self(), reserved: atLeast, build: 'b1' }
        refuse = {}
        throw ApplicationFailure.nonRetryable('Full.', 'HostFull')
      },
      async keepSlots() {
        if (refuse.keep === self()) {
          refuse = {}
          return
        }
        // The clock would stand while it runs.
        throw ApplicationFailure.create({ type: 'Keeping', message: 'It is kept.', nextRetryDelay: '10h' })
      },
      async prepareTasks() {
        await answer(`${self()} prepares`)
        const splits = { path: 'splits', size: 1, checksum: '' }
        return { splits, sweep: { finishedCommits: 0, superseded: 0, broughtBack: 0 } }
      },
      async startTasks({ share: { first, count } }) {
        await answer(`${self()} starts ${first}+${count}`)
        if (slow?.host === self()) await slow.until
        if (refuse.start !== self() && refuse.lost !== self()) return { ...deployedOn(self()), tasks: count }
        const type = refuse.lost === self() ? 'HostLost' : 'TaskFailed'
        refuse = {}
        throw ApplicationFailure.nonRetryable('It could not be started.', type)
      },
      async stopTasks() {
        await answer(`${self()} stops`)
        slow?.go()
      },
      async supervise({ early }) {
        if (early) said.push(`${self()} is watched early`)
        if (early && refuse.early === self()) {
          refuse = {}
          throw ApplicationFailure.nonRetryable('A task failed.', 'TaskFailed')
        }
        if (early) slow?.go()
        return { kind: 'exhausted' }
      },
    },
  })
})
afterAll(() => stub.close())

beforeEach(() => {
  asks = []
  said = []
  refuse = {}
  slow = undefined
  silent = undefined
  late = undefined
})

/** An attempt on a and b, and the next one on a and c. */
const bThenC: readonly Room[] = [
  ['a', 2],
  ['b', 2],
  ['a', 2],
  ['c', 2],
]

function start(job: string, found: readonly Room[]): Promise<WorkflowHandleWithFirstExecutionRunId> {
  rooms = [...found]
  const restartStrategy = { type: 'fixed-delay', attempts: 1, delay: '1s' }
  return stub.start(job, { parallelism: 4, restartStrategy }, () => 'exhausts')
}

/** Who was told to stop before the newest attempt was prepared. */
function stopsBeforeTheNext(): string[] {
  const begun = said.findLastIndex((line) => line.includes('prepares'))
  return said
    .slice(0, begun)
    .filter((line) => line.includes('stops'))
    .sort()
}

/** Seconds for which each ask for room was made, in turn; infinite where it had no bound. */
async function patience(job: WorkflowHandle): Promise<number[]> {
  const { events } = await job.fetchHistory()
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: task }) => {
    if (task?.activityType?.name !== 'deploy') return []
    return [Number(task.scheduleToCloseTimeout?.seconds ?? 0) || Number.POSITIVE_INFINITY]
  })
}

test('tasks start once all have a place, each its share, after one host has prepared for all', async () => {
  const job = await start('placed', [
    ['a', 2],
    ['b', 1],
    ['c', 9],
  ])
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 0 })
  expect(asks.map(({ input }) => input.room?.more)).toEqual([undefined, 2, 1])
  expect(asks[1]?.input.room?.build).toBe('b1')
  // Who is watched early depends on who starts first.
  const steps = said.filter((line) => !line.includes('early'))
  expect(steps[0]).toBe('a prepares')
  expect(steps.slice(1, 4).sort()).toEqual(['a confirms 2', 'b confirms 1', 'c confirms 1'])
  expect(steps.slice(4, 7).sort()).toEqual(['a starts 0+2', 'b starts 2+1', 'c starts 3+1'])
  expect(steps.slice(7).sort()).toEqual(['a stops', 'b stops', 'c stops'])
})

test('room is let go when the rest is not found in time, and all is asked for anew, for longer', async () => {
  const job = await start('patient', [['a', 2], 'nobody', ['a', 2], 'nobody', ['a', 2], ['b', 2]])
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 0 })
  expect(asks.map(({ input }) => input.room?.more)).toEqual([undefined, 2, 4, 2, 4, 2])
  const [first, second, third, fourth, fifth] = (await patience(job)) as [number, number, number, number, number]
  expect([first, third, fifth]).toEqual([first, first, first])
  expect(second).toBeGreaterThanOrEqual(30)
  expect(second).toBeLessThanOrEqual(45)
  expect(fourth).toBeGreaterThanOrEqual(60)
  expect(fourth).toBeLessThanOrEqual(90)
  expect(said.filter((line) => line.includes('starts')).sort()).toEqual(['a starts 0+2', 'b starts 2+2'])
  // However long they wait: a host that is not asked to go on keeping it has it free again.
  const holds = asks.map(({ input }) => input.room?.holdMs)
  expect(holds).toEqual([undefined, 30_000, 30_000, 30_000, 30_000, 30_000])
})

test('a host that keeps nothing any more loses its place, and another is found', async () => {
  refuse = { keep: 'a' }
  const job = await start('unkept', [
    ['a', 2],
    ['b', 2],
    ['c', 2],
  ])
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 0 })
  expect(said.filter((line) => line.includes('starts')).sort()).toEqual(['b starts 0+2', 'c starts 2+2'])
})

test('a host that has lost its room loses its place, and another is found, without preparing twice', async () => {
  refuse = { confirm: 'b' }
  const job = await start('dropped', [
    ['a', 2],
    ['b', 2],
    ['c', 2],
  ])
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 0 })
  expect(asks.map(({ input }) => input.room?.more)).toEqual([undefined, 2, 2])
  expect(said.filter((line) => line.includes('prepares'))).toEqual(['a prepares'])
  expect(said.filter((line) => line.includes('starts')).sort()).toEqual(['a starts 0+2', 'c starts 2+2'])
})

test('where one host cannot start its share, none is left running, and the next attempt begins with another search', async () => {
  refuse = { start: 'b' }
  const job = await start('restarted', bThenC)
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 1 })
  expect(stopsBeforeTheNext()).toEqual(['a stops', 'b stops'])
  const begun = said.findLastIndex((line) => line.includes('prepares'))
  expect(
    said
      .slice(begun)
      .filter((line) => line.includes('starts'))
      .sort(),
  ).toEqual(['a starts 0+2', 'c starts 2+2'])
})

test('a host that is lost while the tasks start is not waited for: only the others are stopped', async () => {
  refuse = { lost: 'b' }
  const job = await start('lost', bThenC)
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 1 })
  expect(stopsBeforeTheNext()).toEqual(['a stops'])
})

test('a host whose tasks run while those of another still load their state is watched, so that it keeps them', async () => {
  slow = slowOn('b')
  const job = await start('uneven', [
    ['a', 2],
    ['b', 2],
  ])
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 0 })
  expect(said).toContain('a is watched early')
  expect(said).not.toContain('b is watched early')
})

test('where they fail meanwhile, nobody waits for the other', async () => {
  slow = slowOn('b')
  refuse = { early: 'a' }
  const job = await start('early-failure', bThenC)
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 1 })
  expect(stopsBeforeTheNext()).toEqual(['a stops', 'b stops'])
})

describe('a host that does not answer whether it still has its room, and then has not', () => {
  /** Resolves when it is asked. */
  async function confirming(name: string): Promise<[WorkflowHandleWithFirstExecutionRunId, refuse: () => void]> {
    const { asked, end } = silentOnce('b confirms')
    refuse = { confirm: 'b' }
    const job = await start(name, [
      ['a', 2],
      ['b', 2],
      ['c', 2],
    ])
    await asked
    return [job, end]
  }

  /** Else the run was over before. */
  async function expectRefused(job: WorkflowHandle): Promise<void> {
    const { events } = await job.fetchHistory()
    expect(events?.some(activityFailed('holdSlots'))).toBe(true)
  }

  test('is not waited for once it is known to be lost: another is found, and its late answer changes nothing', async () => {
    const [job, answer] = await confirming('lost-as-b-confirms')
    const started = triedOnce('c starts')
    const loss = { host: 'b', execution: job.firstExecutionRunId, attempt: 1, how: 'lost', silentMs: 0 }
    await job.signal('hostLost', loss)
    await started
    answer()
    expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 0 })
    expect(asks.map(({ input }) => input.room?.more)).toEqual([undefined, 2, 2])
    await expectRefused(job)
  })

  test('is not waited for once the job is cancelled: it stops, and its late answer changes nothing', async () => {
    const [job, answer] = await confirming('cancelled-as-b-confirms')
    const stopped = triedOnce('a stops')
    await job.cancel()
    await stopped
    answer()
    expect(await ended(job)).toMatchObject({ status: 'CANCELLED' })
    await expectRefused(job)
  })
})

// Last: as long as an activity runs whose workflow has ended, the server's clock skips nothing, and that may be for ever.
test.each([
  ['a prepares', 'b'],
  ['b starts', 'a'],
])('where %s, and is lost before it answers, nobody waits for it: only %s is stopped', async (does, other) => {
  const { asked, end } = silentOnce(does)
  const job = await start(`lost-as-${does.replace(' ', '-')}`, bThenC)
  await asked
  const [host] = does.split(' ')
  const loss = { host, execution: job.firstExecutionRunId, how: 'lost', silentMs: 0 }
  await job.signal('hostLost', { ...loss, attempt: 2 })
  await job.signal('hostLost', { ...loss, attempt: 1 })
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 1 })
  end()
  expect(stopsBeforeTheNext()).toEqual([`${other} stops`])
})
