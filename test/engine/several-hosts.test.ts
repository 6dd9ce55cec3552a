import { mkdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SnapshotEntry } from '../../src/checkpoint/entry.js'
import type { EmbeddedHost } from '../../src/engine/embedded/index.js'
import type { AttemptOutcome, DeployRequest, TaskShare, WrittenObject } from '../../src/engine/engine.js'
import { Bench, never, Run, type RunOptions, takePart } from './harness.js'
import { oracle, sorted } from './partitioned-oracle.js'

// The tasks of one attempt on several hosts: what they do together must be what one host would do.

let bench: Bench
let hosts: EmbeddedHost[]

beforeAll(async () => {
  bench = await Bench.open()
  hosts = await Promise.all([0, 1].map(() => bench.host(['partitioned.mjs', 'ticks.mjs'], { slots: 4 })))
})
afterAll(() => bench.close())

interface Line {
  readonly user: string
  readonly n: number
}

async function writeFile(folder: string, name: string, records: number): Promise<Line[]> {
  const lines = Array.from({ length: records }, (_, n) => ({ user: `${name}-${n % 7}`, n }))
  await mkdir(bench.path(folder), { recursive: true })
  await bench.lines(`${folder}/${name}.ndjson`, lines)
  return lines
}

/** An execution whose attempts are shared out, as the workflow does it. */
class SharedRun extends Run {
  readonly on: readonly EmbeddedHost[]
  splits: WrittenObject | undefined

  readonly input: string
  rate: number

  constructor(folder: string, on: readonly EmbeddedHost[], rate: number, options: Partial<RunOptions> = {}) {
    super(bench, on[0] as EmbeddedHost, { definition: 'partitioned', args: {}, ...options, job: folder })
    this.on = on
    this.input = folder
    this.rate = rate
  }

  override request(overrides: Partial<DeployRequest> = {}): DeployRequest {
    const { input, rate } = this
    const args = { input: bench.path(`${input}/*.ndjson`), output: bench.path(`${input}-out`), rate }
    return super.request({ args, ...overrides })
  }

  /** The next attempt, with so many tasks on each host. */
  async share(...counts: readonly number[]): Promise<void> {
    if (this.claim === 0) await this.own()
    this.attempt += 1
    const parallelism = counts.reduce((sum, count) => sum + count, 0)
    const request = this.request({ parallelism })
    const { splits } = await this.host.prepare(request, never)
    this.splits = splits
    const shares = counts.map((count, index): TaskShare => {
      const first = counts.slice(0, index).reduce((sum, before) => sum + before, 0)
      return { first, count, splits }
    })
    const deployed = this.on.map((host, index) => host.deploy({ ...request, share: shares[index] as TaskShare }, never))
    expect((await Promise.all(deployed)).map(({ tasks }) => tasks)).toEqual(counts)
  }

  async checkpointAll(): Promise<SnapshotEntry> {
    const number = this.newest + 1
    const base = this.confirmed === undefined ? {} : { base: this.confirmed.number }
    const results = await Promise.all(this.on.map((host) => takePart(host, { ...this.reference, number, ...base })))
    const entry = await this.publishAll(results)
    await Promise.all(this.on.map((host) => host.commit({ ...this.reference, number })))
    return entry
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.on.map((host) => host.stop(this.reference)))
  }

  watchOn(host: EmbeddedHost, exhausted?: true): Promise<AttemptOutcome> {
    return host.watch({ ...this.reference, ...(exhausted && { exhausted }) }, () => {}, never)
  }
}

describe.each([
  { incremental: true, inlineThreshold: 0 },
  { incremental: false, inlineThreshold: 0 },
  { incremental: true, inlineThreshold: 20_480 },
])('incremental: $incremental, state in the metadata of up to $inlineThreshold bytes', (options) => {
  test('two tasks on two hosts go on as three and as one, while files are added, and give what one host would', async () => {
    const folder = `shared-${options.incremental}-${options.inlineThreshold}`
    const all: Line[] = []
    for (const name of ['a', 'b', 'c', 'd']) all.push(...(await writeFile(folder, name, 2_000)))
    const run = new SharedRun(folder, hosts, 400, options)
    await run.share(1, 1)
    await run.moreRecords(100)
    const two = await run.checkpointAll()
    expect(two.tasks.map(({ task, splits }) => [task, splits.map(({ split }) => split)])).toEqual([
      [0, ['a.ndjson', 'c.ndjson']],
      [1, ['b.ndjson', 'd.ndjson']],
    ])
    all.push(...(await writeFile(folder, 'e', 2_000)))
    await run.share(2, 1)
    await run.moreRecords(100)
    const three = await run.checkpointAll()
    expect(three.tasks.map(({ task }) => task)).toEqual([0, 1, 2])
    for (const { formatVersion } of [two, three]) expect(formatVersion).toBe(options.inlineThreshold === 0 ? 1 : 2)
    const splits = three.tasks.flatMap((task) => task.splits.map(({ split }) => split))
    expect(splits.sort()).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.ndjson`))
    await run.stopAll()
    run.rate = 100_000
    await run.deploy({ parallelism: 1 })
    const last = await run.finish()
    expect(last.tasks.map(({ recordsRead }) => recordsRead)).toEqual([all.length])
    expect(sorted(await bench.output(`${folder}-out`))).toEqual(oracle(all))
  })
})

test('a host whose sources are exhausted waits for the others, and the last of the checkpoints is that of all', async () => {
  const all = [...(await writeFile('uneven', 'a', 10)), ...(await writeFile('uneven', 'b', 4_000))]
  const run = new SharedRun('uneven', hosts, 2_000)
  await run.share(1, 1)
  const [short, long] = hosts as [EmbeddedHost, EmbeddedHost]
  expect(await run.watchOn(short)).toEqual({ kind: 'exhausted' })
  const waits = run.watchOn(short, true)
  const results = await Promise.all(hosts.map((host) => takePart(host, { ...run.reference, number: 2 })))
  expect(results.map(({ final }) => final)).toEqual([true, false])
  expect((await run.publishAll(results)).final).toBe(false)
  await Promise.all(hosts.map((host) => host.commit({ ...run.reference, number: 2 })))
  expect(await run.watchOn(long)).toEqual({ kind: 'exhausted' })
  expect((await run.checkpointAll()).final).toBe(true)
  await run.stopAll()
  expect(await waits).toEqual({ kind: 'stopped' })
  expect(sorted(await bench.output('uneven-out'))).toEqual(oracle(all))
})

test('what an older attempt on several hosts left pending is put aside before the next one begins', async () => {
  const all = [...(await writeFile('swept', 'a', 3_000)), ...(await writeFile('swept', 'b', 3_000))]
  const run = new SharedRun('swept', hosts, 300)
  await run.share(1, 1)
  await run.moreRecords(50)
  await run.checkpointAll()
  await run.moreRecords(50)
  // Cut and pending on both, and never published.
  const number = run.newest + 1
  await Promise.all(hosts.map((host) => takePart(host, { ...run.reference, number, base: run.newest })))
  await run.abort()
  await run.stopAll()
  await run.own()
  run.rate = 100_000
  await run.share(1, 1)
  const outcomes = await Promise.all(hosts.map((host) => run.watchOn(host)))
  expect(outcomes).toEqual([{ kind: 'exhausted' }, { kind: 'exhausted' }])
  await run.checkpointAll()
  await run.stopAll()
  expect(sorted(await bench.output('swept-out'))).toEqual(oracle(all))
})

test('a list of splits that is not what was written fails the attempt and not the job', async () => {
  await writeFile('lost-list', 'a', 10)
  const run = new SharedRun('lost-list', hosts, 10)
  await run.share(1, 1)
  await run.stopAll()
  const { splits } = run
  if (splits === undefined) throw new Error('nothing was prepared')
  await bench.roots.metadata.write(`${run.folder}/${splits.path}`, new TextEncoder().encode('{}'))
  run.attempt += 1
  const share = { first: 0, count: 1, splits }
  await expect(run.host.deploy({ ...run.request({ parallelism: 2 }), share }, never)).rejects.toMatchObject({
    code: 'TaskFailed',
    message: expect.stringMatching(/^The list of splits .*splits-1-.*\.json is not what was written/),
  })
})

test('a deployment that was given to others meanwhile may come back as a share, and is then another one', async () => {
  await writeFile('again', 'a', 10)
  await writeFile('again', 'b', 10)
  const run = new SharedRun('again', hosts, 10)
  await run.own()
  run.attempt = 1
  const request = run.request({ parallelism: 2 })
  const [zombie, other] = hosts as [EmbeddedHost, EmbeddedHost]
  expect(await zombie.deploy(request, never)).toMatchObject({ tasks: 2 })
  const { splits } = await other.prepare(request, never)
  const share = { first: 1, count: 1, splits }
  expect(await zombie.deploy({ ...request, share }, never)).toMatchObject({ tasks: 1 })
  expect(await zombie.deploy({ ...request, share }, never)).toMatchObject({ tasks: 1 })
  expect(zombie.jobs().map(({ tasks }) => tasks)).toEqual([1])
  await zombie.stop(run.reference)
  expect(zombie.freeSlots()).toBe(4)
})

describe('room for tasks', () => {
  const asked = { definition: 'ticks', atLeast: 1, more: 9, holdMs: 60_000 }

  test('is kept, grows, is taken by the tasks, and what is too much is let go', async () => {
    const host = await bench.host(['ticks.mjs'], { slots: 3 })
    const run = new SharedRun('roomy', [host], 1, { definition: 'ticks' })
    await run.own()
    run.attempt = 1
    const reserve = (request: object) => host.reserve({ ...run.reference, ...asked, ...request })
    expect(await reserve({ more: 1 })).toMatchObject({ host: host.host, reserved: 1 })
    expect(await reserve({ more: 1 })).toMatchObject({ reserved: 2 })
    expect(await reserve({ more: 0, atLeast: 2 })).toMatchObject({ reserved: 2 })
    expect(await reserve({})).toMatchObject({ reserved: 3 })
    expect([host.freeSlots(), host.jobs()]).toEqual([0, []])
    run.attempt = 0
    await run.share(2)
    expect([host.freeSlots(), host.jobs().map(({ tasks }) => tasks)]).toEqual([1, [2]])
    await run.stopAll()
    expect(host.freeSlots()).toBe(3)
  })

  test('is let go when its time is over, when the attempt is stopped, for a newer attempt, and when the host leaves', async () => {
    const host = await bench.host(['ticks.mjs'], { slots: 2 })
    const reference = { job: 'j', execution: 'e', claim: 1, attempt: 1 }
    await host.reserve({ ...reference, ...asked, holdMs: 1 })
    await host.whenEmpty(never)
    await host.reserve({ ...reference, ...asked })
    await host.stop(reference)
    expect(host.freeSlots()).toBe(2)
    await expect(host.reserve({ ...reference, ...asked })).rejects.toMatchObject({ code: 'Fenced' })
    await host.reserve({ ...reference, attempt: 2, ...asked })
    expect(await host.reserve({ ...reference, attempt: 3, ...asked, more: 1 })).toMatchObject({ reserved: 1 })
    await expect(host.reserve({ ...reference, attempt: 2, ...asked })).rejects.toMatchObject({ code: 'Fenced' })
    host.leave()
    expect(host.freeSlots()).toBe(2)
    await expect(host.reserve({ ...reference, attempt: 3, ...asked })).rejects.toThrow('is being shut down')
  })

  test('is kept, whatever time was said, until the last who keeps it does not any more', async () => {
    const host = await bench.host(['ticks.mjs'], { slots: 2 })
    const request = { job: 'j', execution: 'e', claim: 1, attempt: 1, ...asked, holdMs: 1 }
    const [first, second] = [new AbortController(), new AbortController()]
    const keeping = [host.keep(request, first.signal), host.keep(request, second.signal)]
    // Longer than was said: it takes a thread to start and end.
    const elsewhere = await bench.host(['ticks.mjs'], { slots: 1 })
    const run = new SharedRun('meanwhile', [elsewhere], 1, { definition: 'ticks' })
    await run.share(1)
    await run.stopAll()
    expect(await host.reserve(request)).toMatchObject({ reserved: 2 })
    first.abort()
    await keeping[0]
    expect(host.freeSlots()).toBe(0)
    second.abort()
    await keeping[1]
    expect(host.freeSlots()).toBe(2)
  })

  test('is not kept any more once its tasks start, or the attempt is stopped, even while it is asked for', async () => {
    const host = await bench.host(['ticks.mjs'], { slots: 2 })
    const run = new SharedRun('taken', [host], 1, { definition: 'ticks' })
    await run.own()
    run.attempt = 1
    const request = () => ({ ...run.reference, ...asked, more: 1 })
    const taken = host.keep(request(), never)
    await host.reserve(request())
    run.attempt = 0
    await run.share(1)
    await taken
    await run.stopAll()
    run.attempt = 2
    const asking = host.reserve(request())
    await host.stop(run.reference)
    await expect(asking).rejects.toMatchObject({ code: 'Fenced' })
    await expect(host.keep(request(), never)).rejects.toMatchObject({ code: 'Fenced' })
    expect(host.freeSlots()).toBe(2)
  })

  test('is refused where there is too little, and for another build of the definition', async () => {
    const host = await bench.host(['ticks.mjs'], { slots: 2 })
    const reference = { job: 'j', execution: 'e', claim: 1, attempt: 1 }
    const { build } = await host.reserve({ ...reference, ...asked, more: 1 })
    await expect(host.reserve({ ...reference, ...asked, more: 0, atLeast: 2 })).rejects.toMatchObject({
      code: 'HostFull',
      message: `Job 'j' needs 2 slots, but host ${host.host} has 1 free slots of 2.`,
    })
    await expect(host.reserve({ ...reference, ...asked, build: 'another' })).rejects.toMatchObject({
      code: 'ConfigurationDisagrees',
      message: expect.stringContaining('has another build of "ticks"'),
    })
    expect(await host.reserve({ ...reference, ...asked, build })).toMatchObject({ reserved: 2 })
  })
})
