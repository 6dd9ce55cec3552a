import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { WorkflowFact } from '../../src/checkpoint/collection.js'
import type { LogEntry, SnapshotEntry } from '../../src/checkpoint/entry.js'
import { executionRecordName } from '../../src/checkpoint/paths.js'
import { type StateHandle, stateFilesOf } from '../../src/checkpoint/state-handle.js'
import { collect, finishDeletion, pinByHand, verifySnapshot } from '../../src/checkpoint-store/index.js'
import { type MadeExecution, outcomeOf } from './collect-twin.js'
import { append, checkpoint, claim, closed, job, Lab } from './lab.js'

/** Whatever lies in the store and whatever Temporal says: nothing that is reachable goes, and everything else does. */

const workflow: fc.Arbitrary<WorkflowFact> = fc.oneof(
  fc.constant<WorkflowFact>({ kind: 'running' }),
  fc.constant<WorkflowFact>({ kind: 'unknown', why: 'not found' }),
  fc.record({
    kind: fc.constant('ended' as const),
    ending: fc.constantFrom('FINISHED', 'CANCELED', 'FAILED'),
    retention: fc.constantFrom('RETAIN' as const, 'DELETE' as const),
    why: fc.constant('it is over'),
  }),
)

const execution = fc.record({
  policy: fc.constantFrom('NO_EXTERNALIZED_CHECKPOINTS', 'DELETE_ON_CANCELLATION', 'RETAIN_ON_CANCELLATION'),
  workflow,
  /** For each checkpoint: how many are kept then, and whether it builds on the one before. */
  checkpoints: fc.array(fc.record({ retained: fc.integer({ min: 1, max: 3 }), shares: fc.boolean() }), {
    maxLength: 4,
  }),
  /** Left by attempts that failed. */
  strays: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 2 }),
  pins: fc.array(fc.integer({ min: 2, max: 5 }), { maxLength: 1 }),
  unfinished: fc.boolean(),
  end: fc.constantFrom('open', 'closed', 'emptied', 'intended', 'tombstone'),
})

type Plan = typeof execution extends fc.Arbitrary<infer T> ? T : never

async function make(lab: Lab, id: string, index: number, plan: Plan, settled: boolean): Promise<MadeExecution> {
  const log = lab.log(id)
  const createdAt = `2026-01-0${index + 1}T00:00:00.000Z`
  await log.create(lab.record(id, { policy: plan.policy, createdAt }))
  await append(log, claim(1, { execution: id, committedThrough: 0 }))
  const snapshots = new Map<number, SnapshotEntry>()
  let newest: LogEntry = claim(1, { execution: id, committedThrough: 0 })
  let alive: number[] = []
  let before: readonly StateHandle[] = []
  const heldByHand: number[] = []
  for (const [at, { retained, shares }] of plan.checkpoints.entries()) {
    const number = at + 2
    const own = await lab.stateFile(number, { execution: id, shared: true })
    const state = shares ? [...before, own] : [own]
    alive = [...alive, number].slice(-retained)
    newest = checkpoint(number, { execution: id, alive, state, committedThrough: number - 1 })
    await append(log, newest)
    snapshots.set(number, newest as SnapshotEntry)
    before = state
    if (!plan.pins.includes(number)) continue
    const person = { name: 'p', reason: 'r', at: createdAt }
    await pinByHand(lab.roots, lab.reference(number, id), person)
    heldByHand.push(number)
  }
  for (const number of plan.strays) await lab.stateFile(number, { execution: id, content: `stray ${number}` })
  if (plan.end !== 'open') {
    const end = plan.end === 'closed' || plan.end === 'intended' ? alive : []
    const committedThrough = plan.unfinished ? newest.number - 1 : newest.number
    const entry = closed(newest.number + 1, { execution: id, alive: end, committedThrough })
    newest = plan.end === 'intended' && end.length > 0 ? { ...entry, intendedAlive: end.slice(1) } : entry
    await append(log, newest)
    if (plan.end === 'tombstone') await finishDeletion(lab.roots, job, id)
  }
  const common = { execution: id, policy: plan.policy, workflow: plan.workflow, snapshots, heldByHand, settled }
  return (await log.record())?.state === 'deleted' ? common : { ...common, newest }
}

it('never deletes what is reachable, and leaves nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(execution, { minLength: 1, maxLength: 3 }), fc.boolean(), async (plans, apart) => {
      const lab = await Lab.inMemory(apart)
      const made: MadeExecution[] = []
      for (const [index, plan] of plans.entries()) {
        const later = plans.slice(index + 1)
        const settled = later.some(
          ({ end, checkpoints }) => checkpoints.length > 0 && !['emptied', 'tombstone'].includes(end),
        )
        made.push(await make(lab, `e${index}`, index, plan, settled))
      }
      await lab.roots.metadata.write(`${job}/notes/of/mine`, Buffer.from('mine'))
      const before = await lab.files()
      const facts = new Map(made.map((one) => [one.execution, one.workflow]))
      const gc = (nonce: string) =>
        collect(lab.roots, {
          delete: true,
          now: Date.now(),
          context: { who: 'w', at: '2026-01-09T00:00:00.000Z', nonce },
          workflow: async (_, id) => facts.get(id) ?? { kind: 'unknown', why: 'not found' },
        })
      expect((await gc('first')).problems).toEqual([])

      const files = await lab.files()
      expect(files).toContain(`metadata/${job}/notes/of/mine`)
      for (const one of made) {
        const { alive, onDisk, untouched } = outcomeOf(one)
        const here = (name: string) => name.split('/')[2] === one.execution
        expect((await lab.log(one.execution).snapshots()).snapshots.map(({ number }) => number)).toEqual(alive)
        for (const number of [...alive, ...onDisk]) {
          expect(await verifySnapshot(lab.reference(number, one.execution), lab.roots)).toMatchObject({ ok: true })
        }
        if (untouched) expect(files.filter(here)).toEqual(before.filter(here))
        else expect(stateOf(files.filter(here)).sort()).toEqual(reachable(one, [...alive, ...onDisk]))
        expect(files).toContain(`metadata/${job}/${one.execution}/${executionRecordName}`)
      }
      expect((await gc('second')).files).toBe(0)
      expect(await lab.files()).toEqual(files)
    }),
    { numRuns: 60 },
  )
}, 120_000)

function stateOf(files: readonly string[]): string[] {
  return files.filter((name) => name.endsWith('.state')).map((name) => name.split('/').slice(3).join('/'))
}

function reachable({ snapshots }: MadeExecution, kept: readonly number[]): string[] {
  const tasks = kept.flatMap((number) => snapshots.get(number)?.tasks ?? [])
  return stateFilesOf(tasks)
    .map(({ path }) => path)
    .sort()
}
