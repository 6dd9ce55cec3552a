import { afterEach, beforeEach, expect, test } from 'vitest'
import { Bench, Run } from './harness.js'

// Threads die at random moments: while they open, read, cut, write state or commit; answers and confirmations are lost. In
// the end every record has been counted once, and every count is in the output once.

const seed = Number(process.env.TIDEMARK_TEST_SEED ?? Date.now() % 1_000_000)
const deaths = 10

let bench: Bench

beforeEach(async () => {
  bench = await Bench.open()
})

afterEach(() => bench.close())

interface Line {
  readonly key: string
  readonly count?: number
  readonly total?: number
}

test(`the output is the oracle's, whenever threads die (TIDEMARK_TEST_SEED=${seed})`, {
  timeout: 240_000,
}, async () => {
  const random = generator(seed)
  const records = Array.from({ length: 12_000 }, () => ({ key: `k${Math.floor(random() ** 2 * 400)}` }))
  const input = await bench.lines('input.ndjson', records)
  const args = { input, output: bench.path('out'), rate: 2_000 }
  const host = await bench.host(['mortal.mjs'])
  const run = new Run(bench, host, { definition: 'mortal', args })

  let restored = 0
  for (let death = 0; death < deaths; death++) {
    // From the very start of a thread to a second or so into its work.
    const dieAfterMs = Math.floor(random() * 1_500)
    const deployed = await run.deploy({ args: { ...args, dieAfterMs } }).catch(expectDeath)
    if (deployed === undefined) continue
    if (deployed.restoredRecords > 0) restored++
    await checkpointsUntilDeath(run, random)
  }
  await run.deploy({ args: { ...args, rate: 1_000_000 } })
  const last = await run.finish()

  expect(last.tasks[0]?.recordsRead).toBe(records.length)
  expect(await bench.output<Line>('out')).toEqual(oracle(records))
  expect(restored, 'no attempt began from a checkpoint: the test has tested nothing').toBeGreaterThan(0)
})

/** Some snapshots are lost before they are published, some confirmations afterwards. */
async function checkpointsUntilDeath(run: Run, random: () => number): Promise<void> {
  for (;;) {
    const taken = await run.snapshot().catch(expectDeath)
    if (taken === undefined || random() < 0.2) {
      await run.abort()
      if (taken === undefined) return
      continue
    }
    const { number } = await run.publish(taken)
    if (random() < 0.6) continue
    const committed = await run.commit(number).then(() => true, expectDeath)
    if (committed === undefined) return
  }
}

function expectDeath(error: Error): undefined {
  expect(error.message).toContain('process.exit(137)')
}

function oracle(records: readonly { key: string }[]): Line[] {
  const counts = new Map<string, number>()
  const lines: Line[] = []
  for (const { key } of records) {
    const count = (counts.get(key) ?? 0) + 1
    lines.push({ key, count })
    if (count < 3) counts.set(key, count)
    else counts.delete(key)
  }
  const totals = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, total]) => ({ key, total }))
  return [...lines, ...totals]
}

/** mulberry32 */
function generator(from: number): () => number {
  let state = from | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
