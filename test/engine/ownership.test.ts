import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EmbeddedHost } from '../../src/engine/embedded/index.js'
import { Bench, never, Run } from './harness.js'

// Who may speak to tasks, and how long tasks live without anybody who does.

let bench: Bench
let host: EmbeddedHost
let run: Run
let jobs = 0

beforeAll(async () => {
  bench = await Bench.open()
  host = await bench.host(['ticks.mjs'])
})

afterAll(() => bench.close())

function newRun(on: EmbeddedHost): Run {
  return new Run(bench, on, { definition: 'ticks', args: {}, job: `ticks-${jobs++}` })
}

async function attached(on: Run): Promise<{ letGo: () => void; watching: Promise<unknown> }> {
  const stop = new AbortController()
  let seen = () => {}
  const progress = new Promise<void>((resolve) => {
    seen = resolve
  })
  const watching = on.host.watch(on.reference, () => seen(), stop.signal).catch((error) => error)
  await Promise.race([progress, watching])
  return { letGo: () => stop.abort(new Error('let go')), watching }
}

describe('messages of older owners', () => {
  beforeEach(() => {
    run = newRun(host)
  })

  test('a deployment repeated for the same claim and attempt is the same deployment', async () => {
    await run.own()
    run.attempt = 1
    const [first, second] = await Promise.all([host.deploy(run.request(), never), host.deploy(run.request(), never)])
    expect(second).toEqual(first)
    await expect(host.deploy(run.request(), never)).resolves.toEqual(first)
    expect(host.jobs().filter(({ job }) => job === run.log.job)).toHaveLength(1)
    await host.stop(run.reference)
  })

  test('a newer attempt stops the older one, whose messages are then refused', async () => {
    await run.deploy()
    const old = run.reference
    const { watching } = await attached(run)
    await run.deploy()
    expect(host.jobs().filter(({ job }) => job === run.log.job)).toMatchObject([{ attempt: 2 }])
    expect(await watching).toMatchObject({ code: 'TasksGone' })
    for (const message of [
      host.deploy({ ...run.request(), ...old }, never),
      host.snapshot({ ...old, number: 2 }, never),
      host.commit({ ...old, number: 2 }),
      host.watch(old, () => {}, never),
      host.stop(old),
      host.adopt({ ...old, previousClaim: 1 }),
      host.recoverOutput({ ...run.request(), ...old }, never),
    ]) {
      await expect(message).rejects.toMatchObject({ code: 'Fenced' })
    }
    await expect(run.snapshot()).resolves.toMatchObject({ final: false })
    await host.stop(run.reference)
  })

  test('a newer claim that has not adopted is told that the tasks are not its own', async () => {
    await run.deploy()
    const newer = { ...run.reference, claim: run.claim + 5 }
    await expect(host.snapshot({ ...newer, number: 2 }, never)).rejects.toMatchObject({ code: 'TasksGone' })
    await expect(run.snapshot()).rejects.toMatchObject({ code: 'Fenced' })
    await host.adopt({ ...newer, previousClaim: run.claim })
    await expect(host.snapshot({ ...newer, number: 2 }, never)).resolves.toMatchObject({ commits: 0 })
    await host.stop(newer)
  })

  test('a stop reaches an attempt before its deployment: that one does not start any more', async () => {
    await run.own()
    run.attempt = 1
    await host.stop(run.reference)
    await expect(host.deploy(run.request(), never)).rejects.toMatchObject({ code: 'Fenced' })
    await host.stop(run.reference)
    await expect(run.deploy()).resolves.toMatchObject({ tasks: 1 })
    await host.stop(run.reference)
  })

  test('a deployment that its only caller gives up leaves nothing behind', async () => {
    await run.own()
    run.attempt = 1
    const caller = new AbortController()
    const deploying = host.deploy(run.request(), caller.signal)
    caller.abort(new Error('the activity timed out'))
    await expect(deploying).rejects.toThrow('the activity timed out')
    await host.stop(run.reference)
    expect(host.freeSlots()).toBe(16)
  })
})

describe('snapshots', () => {
  test('are idempotent by number, until a newer one is asked for', async () => {
    run = newRun(host)
    await run.deploy()
    const asked = await Promise.all([run.snapshot(5), run.snapshot(5)])
    expect(asked[1]).toEqual(asked[0])
    await expect(run.snapshot(5)).resolves.toEqual(asked[0])
    await run.commit(5)
    await expect(run.snapshot(5)).resolves.toEqual(asked[0])
    await run.snapshot(6)
    await expect(run.snapshot(5)).rejects.toMatchObject({ code: 'Fenced' })
    await host.stop(run.reference)
  })

  test('a caller that gives up leaves the answer to the one that asks again', async () => {
    run = newRun(host)
    await run.deploy()
    const caller = new AbortController()
    const first = host.snapshot({ ...run.reference, number: 9 }, caller.signal)
    caller.abort(new Error('timed out'))
    await expect(first).rejects.toThrow('timed out')
    await expect(run.snapshot(9)).resolves.toMatchObject({ part: { path: `chk-9/part-1-${host.host}.json` } })
    await host.stop(run.reference)
  })
})

test('a watcher is told of a stop as what it is, and not as a failure', async () => {
  const short = await bench.host(['ticks.mjs'], { slots: 1 })
  run = newRun(short)
  await run.deploy()
  const { watching } = await attached(run)
  await short.stop(run.reference)
  expect(await watching).toEqual({ kind: 'stopped' })
})

describe('the lease', () => {
  test('without a watcher the tasks stop when it ends, and nothing is left', async () => {
    const short = await bench.host(['ticks.mjs'], { leaseMs: 40, slots: 1 })
    run = newRun(short)
    await run.deploy()
    const { letGo, watching } = await attached(run)
    expect(short.freeSlots()).toBe(0)
    letGo()
    expect(await watching).toMatchObject({ message: 'let go' })
    await short.whenFree(never)
    await expect(run.watch()).rejects.toMatchObject({ code: 'TasksGone' })
    await expect(run.snapshot()).rejects.toMatchObject({ code: 'TasksGone' })
    expect(short.jobs()).toEqual([])
  })

  test('a watcher keeps the tasks, for longer than the lease', async () => {
    const short = await bench.host(['ticks.mjs'], { leaseMs: 40, slots: 1 })
    run = newRun(short)
    await run.deploy()
    let beats = 0
    const stop = new AbortController()
    const watching = short.watch(run.reference, () => ++beats === 3 && stop.abort(), stop.signal)
    // Progress comes every 500 ms: three of them are far beyond the lease.
    await expect(watching).rejects.toMatchObject({ name: 'AbortError' })
    await short.whenFree(never)
  })

  test('a new run adopts the tasks: they go on, and the old watcher is told', async () => {
    run = newRun(host)
    await run.deploy()
    const { watching } = await attached(run)
    const before = await run.snapshot()
    const adopting = { ...run.reference, claim: run.claim + 10, previousClaim: run.claim }
    await host.adopt(adopting)
    await host.adopt(adopting)
    expect(await watching).toMatchObject({ code: 'TasksGone' })
    run.claim = adopting.claim
    const { letGo, watching: again } = await attached(run)
    const after = await run.snapshot(run.newest + 20)
    expect(after.records).toBeGreaterThan(before.records)
    expect(host.jobs()).toContainEqual(expect.objectContaining({ job: run.log.job, attempt: 1, claim: run.claim }))
    await expect(host.adopt({ ...adopting, claim: adopting.claim + 1, previousClaim: 1 })).rejects.toMatchObject({
      code: 'TasksGone',
    })
    letGo()
    await again
    await host.stop({ ...run.reference, claim: adopting.claim + 1 })
  })
})

describe('slots', () => {
  test('a host without room says so, and says when it has room', async () => {
    const small = await bench.host(['ticks.mjs'], { slots: 1 })
    run = newRun(small)
    await run.deploy()
    const second = newRun(small)
    await expect(second.deploy()).rejects.toMatchObject({
      code: 'HostFull',
      message: expect.stringContaining('0 free slots of 1'),
    })
    const free = small.whenFree(never)
    await small.stop(run.reference)
    await free
    await second.deploy()
    await small.close()
    expect(small.freeSlots()).toBe(1)
    await expect(second.deploy()).rejects.toThrow('is being shut down')
  })
})
