import { expect, it } from 'vitest'
import { decodePin, encodePin } from '../../src/checkpoint/pin.js'
import {
  collect,
  deleteSnapshots,
  discard,
  explainKept,
  finishDeletion,
  pin,
  pinByHand,
  planDeletion,
  readAudit,
  resolveRestore,
  unpin,
  unpinByHand,
  verifySnapshot,
} from '../../src/checkpoint-store/index.js'
import { atEveryCrash, atEveryStop } from './at-every-crash.js'
import { append, checkpoint, closed, job, Lab, restoredFrom, run } from './lab.js'

const person = { name: 'ada@lab', reason: 'the audit of 2026', at: '2026-01-02T00:00:00.000Z' }
const context = { who: 'ada@lab', at: '2026-01-02T00:00:00.000Z', nonce: 'n1' }
const holder = { job: 'fork', execution: 'f1' }
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { code: string }) => error.code,
  )

/** Two checkpoints, of which the next one subsumes the older. */
async function lab(): Promise<Lab> {
  const fresh = await Lab.inMemory(true)
  await run(fresh, [2, 3], { retained: 2 })
  return fresh
}

const subsume = (one: Lab) => append(one.log(), checkpoint(4, { alive: [3, 4] }))

it('a pinned checkpoint stays and can be restored by its path after it has left the list, until the pin goes', async () => {
  const one = await lab()
  await pinByHand(one.roots, one.reference(2), person)
  await subsume(one)
  expect(await discard(one.roots, job, 'e1')).toMatchObject({ kept: [3, 4], pinned: [2] })
  const { reference } = await resolveRestore(one.roots, job, one.reference(2).uri)
  expect(await verifySnapshot(reference, one.roots)).toMatchObject({ ok: true })
  // A restore's own pin holds from then on.
  await pin(one.roots, reference, holder)
  expect(await unpinByHand(one.roots, reference)).toMatchObject({ person })
  expect(await codeOf(resolveRestore(one.roots, job, reference.uri))).toBe('RestoreFailed')
  expect((await discard(one.roots, job, 'e1')).pinned).toEqual([2])
  await unpin(one.roots, reference, holder)
  expect((await discard(one.roots, job, 'e1')).deleted).not.toEqual([])
  expect(await codeOf(pinByHand(one.roots, reference, person))).toBe('RestoreFailed')
})

it('outlives the deletion of its execution, and goes when it expires', async () => {
  const one = await lab()
  await pinByHand(one.roots, one.reference(3), { ...person, expiresAt: '2026-03-01T00:00:00.000Z' })
  await append(one.log(), closed(4, { alive: [] }))
  expect((await finishDeletion(one.roots, job, 'e1')).outcome).toBe('pinned')
  expect(await verifySnapshot(one.reference(3), one.roots)).toMatchObject({ ok: true })
  const gc = (now: string) => collect(one.roots, { delete: true, now: Date.parse(now), context })
  expect((await gc('2026-02-01T00:00:00.000Z')).executions).toMatchObject([{ reason: 'pinned' }])
  expect(await verifySnapshot(one.reference(3), one.roots)).toMatchObject({ ok: true })
  expect((await gc('2026-03-02T00:00:00.000Z')).pins).toMatchObject([{ stale: true }])
  expect((await one.log().record())?.state).toBe('deleted')
})

it('beside a discard, stopped at every step: pinned and whole, or refused', async () => {
  const seen = new Set<string>()
  let outcome = ''
  const pinning = async (one: Lab) => {
    outcome = await codeOf(pinByHand(one.roots, one.reference(2), person))
  }
  const going = async (one: Lab) => {
    await subsume(one)
    await discard(one.roots, job, 'e1')
  }
  const check = async (one: Lab) => {
    seen.add(outcome)
    if (outcome === 'done') expect(await verifySnapshot(one.reference(2), one.roots)).toMatchObject({ ok: true })
  }
  await atEveryStop(lab, pinning, going, check)
  await atEveryStop(lab, going, pinning, check)
  expect([...seen].sort()).toEqual(['RestoreFailed', 'done'])
})

it('a restore let in by a pin that is taken away meanwhile, with a discard beside: it holds, or is refused', async () => {
  const seen = new Set<string>()
  const begin = async () => {
    const one = await lab()
    await pinByHand(one.roots, one.reference(2), person)
    await subsume(one)
    return one
  }
  let outcome = ''
  const restoring = async (one: Lab) => {
    outcome = await codeOf(pin(one.roots, one.reference(2), holder))
  }
  const going = async (one: Lab) => {
    await unpinByHand(one.roots, one.reference(2))
    await discard(one.roots, job, 'e1')
  }
  const check = async (one: Lab) => {
    seen.add(outcome)
    if (outcome === 'done') expect(await verifySnapshot(one.reference(2), one.roots)).toMatchObject({ ok: true })
  }
  await atEveryStop(begin, restoring, going, check)
  await atEveryStop(begin, going, restoring, check)
  expect([...seen].sort()).toEqual(['RestoreFailed', 'done'])
})

it('is read back, and the pins of executions as ever', () => {
  const pins = [
    { formatVersion: 1, holder, number: 7, confirmed: true },
    { formatVersion: 1, person, number: 7, confirmed: false },
    { formatVersion: 1, person: { ...person, expiresAt: '2026-03-01T00:00:00.000Z' }, number: 7, confirmed: true },
  ] as const
  for (const one of pins) expect(decodePin(encodePin(one))).toEqual(one)
})

it('why a checkpoint is kept: its log, pins, restores, output, files that others use; and why not', async () => {
  const one = await lab()
  const shared = (await one.log().snapshot(2)).tasks[0]?.state ?? []
  await append(one.log(), checkpoint(4, { alive: [3, 4], committedThrough: 3, state: shared }))
  await pinByHand(one.roots, one.reference(3), person)
  await run(one, [], { execution: 'e2', record: { restoredFrom: restoredFrom(one.reference(3)) } })
  const facts = (number: number) => explainKept(one.roots, one.reference(number))
  expect(await facts(3)).toMatchObject({
    exists: true,
    onDisk: true,
    state: 'open',
    policy: 'RETAIN_ON_CANCELLATION',
    unfinishedOutput: false,
    pins: [{ by: 'ada@lab', reason: 'the audit of 2026', confirmed: true }],
    restoredBy: [{ job, execution: 'e2', state: 'open' }],
  })
  expect(await facts(4)).toMatchObject({ unfinishedOutput: true, pins: [] })
  expect(await facts(2)).toMatchObject({ exists: false, onDisk: true, usedBy: [4] })
  expect(await facts(9)).toMatchObject({ exists: false, onDisk: false })
  await append(one.log(), { ...closed(5, { alive: [4], committedThrough: 3 }), intendedAlive: [] })
  expect(await facts(4)).toMatchObject({ onlyForOutput: true, closed: { ending: 'CANCELED', by: 'owner' } })
  expect(await explainKept(one.roots, { ...one.reference(1), execution: 'e9' })).toMatchObject({ state: 'absent' })
})

it('deletes checkpoints of an ended execution, and refuses what is in use', async () => {
  const one = await lab()
  const request = { job, execution: 'e1', numbers: [2] }
  expect(await codeOf(planDeletion(one.roots, request))).toBe('ExecutionOpen')
  await pinByHand(one.roots, one.reference(2), person)
  await append(one.log(), closed(4, { alive: [2, 3], committedThrough: 2 }))
  expect(await codeOf(planDeletion(one.roots, request))).toBe('CheckpointPinned')
  await unpinByHand(one.roots, one.reference(2))
  expect(await codeOf(planDeletion(one.roots, { ...request, numbers: [5] }))).toBe('InvalidPath')
  expect(await codeOf(planDeletion(one.roots, { ...request, numbers: [3] }))).toBe('OutputUnfinished')
  expect(await planDeletion(one.roots, request)).toMatchObject({ numbers: [2], kept: [3] })

  const { bytes } = await deleteSnapshots(one.roots, request, context)
  expect(bytes).toBeGreaterThan(0)
  expect((await one.log().snapshots()).snapshots.map(({ number }) => number)).toEqual([3])
  expect((await one.log().observe()).newest).toMatchObject({ by: 'operator', number: 5 })
  const lines = await readAudit(one.roots.metadata, 5)
  expect(lines.map(({ action, state, who }) => [action, state, who])).toEqual([
    ['shrink', 'done', 'ada@lab'],
    ['discard', 'done', 'ada@lab'],
  ])
  expect(lines[1]?.files).toContain('chk-2/_metadata')
  await deleteSnapshots(one.roots, { job, execution: 'e1', abandonOutput: true }, { ...context, nonce: 'n2' })
  expect((await one.log().record())?.state).toBe('deleted')
  expect(await codeOf(planDeletion(one.roots, request))).toBe('InvalidPath')
})

it('a deletion by hand that died anywhere is finished by the collector, and takes nothing else', async () => {
  const begin = async () => {
    const one = await lab()
    await append(one.log(), closed(4, { alive: [2, 3] }))
    return one
  }
  await atEveryCrash(
    begin,
    (one) => deleteSnapshots(one.roots, { job, execution: 'e1', numbers: [2] }, context),
    async (one) => {
      await collect(one.roots, { delete: true, now: Date.now(), context: { ...context, nonce: 'n2' } })
      const numbers = (await one.log().snapshots()).snapshots.map(({ number }) => number)
      expect([[2, 3], [3]]).toContainEqual(numbers)
      for (const number of numbers)
        expect(await verifySnapshot(one.reference(number), one.roots)).toMatchObject({ ok: true })
      if (numbers.length === 1) expect((await one.files()).filter((name) => name.includes('/chk-2/'))).toEqual([])
    },
  )
})
