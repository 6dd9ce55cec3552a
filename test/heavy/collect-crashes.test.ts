import { describe, expect, it } from 'vitest'
import type { WorkflowFact } from '../../src/checkpoint/collection.js'
import { collect, discard, pin, readAudit } from '../../src/checkpoint-store/index.js'
import { atEveryCrash, atEveryStop, expectWhole } from '../checkpoint-store/at-every-crash.js'
import { append, checkpoint, closed, job, Lab, run } from '../checkpoint-store/lab.js'

/** The collector killed before every change of the disk, and stopped there while others go on. */

let nonces = 0

/** `dead` was terminated, all others run. */
const workflow = async (_: string, execution: string): Promise<WorkflowFact> =>
  execution.startsWith('dead') ? { kind: 'ended', ending: 'FAILED', why: 'terminated' } : { kind: 'running' }

function gc(lab: Lab) {
  const context = { who: 'tester@here', at: '2026-01-03T00:00:00.000Z', nonce: `n${nonces++}` }
  return collect(lab.roots, { delete: true, now: Date.now(), context, workflow })
}

/** Everything that a collector has to do, at once. */
function everything(apart: boolean) {
  return async (): Promise<Lab> => {
    const lab = await Lab.inMemory(apart)
    await run(lab, [2, 3, 4], { retained: 2 })
    // Terminated; keeps two by its policy.
    await run(lab, [2, 3, 4], { execution: 'dead-keeps', retained: 2 })
    // Terminated; keeps none.
    const record = { policy: 'NO_EXTERNALIZED_CHECKPOINTS', createdAt: '2026-01-01T00:00:00.000Z' } as const
    await run(lab, [2, 3], { execution: 'dead-empty', record })
    // Ended by itself, died in the deletion; a stale pin is on it.
    await run(lab, [2, 3], { execution: 'over' })
    await pin(lab.roots, lab.reference(3, 'over'), { job, execution: 'dead-keeps' })
    await append(lab.log('over'), closed(4, { execution: 'over', alive: [] }))
    // Its output was settled by later ones.
    await run(lab, [2], { execution: 'unfinished', record: { createdAt: '2025-12-31T00:00:00.000Z' } })
    const end = closed(3, { execution: 'unfinished', alive: [2], committedThrough: 1 })
    await append(lab.log('unfinished'), { ...end, intendedAlive: [] })
    return lab
  }
}

async function expectReached(lab: Lab): Promise<void> {
  expect(await expectWhole(lab)).toEqual([3, 4])
  expect(await expectWhole(lab, 'dead-keeps')).toEqual([3, 4])
  expect((await lab.log('dead-keeps').observe()).newest).toMatchObject({ kind: 'closed', number: 5, ending: 'FAILED' })
  for (const gone of ['dead-empty', 'over', 'unfinished']) {
    expect((await lab.log(gone).record())?.state).toBe('deleted')
    expect((await lab.files()).filter((name) => name.includes(`/${gone}/`))).toEqual([
      `metadata/${job}/${gone}/_execution`,
    ])
  }
  // What the running job still has of its own is its own business.
  expect((await lab.files()).filter((name) => name.includes('/e1/chk-2/'))).not.toEqual([])
}

describe('with state files in a root of their own', () => {
  const apart = true
  const prepare = everything(apart)

  it('died anywhere: what is kept is whole, every deed has its line, and the next run finishes', async () => {
    // Each pin has a name of its own, each time.
    const comparable = (name: string) => name.replace(/(\bpins\/[^.]+)\..*/, '$1')
    const all = (await (await prepare()).files()).map(comparable)
    const steps = await atEveryCrash(prepare, gc, async (lab) => {
      const before = new Set(all)
      for (const name of await lab.files()) before.delete(comparable(name))
      const told = (await readAudit(lab.roots.metadata, 100)).flatMap(({ files }) => files.map(comparable))
      for (const name of before)
        expect(told.some((one) => name.endsWith(one.split(`/${job}/`).at(-1) ?? ''))).toBe(true)
      expect(await expectWhole(lab)).toEqual([3, 4])
      expect(await expectWhole(lab, 'dead-keeps')).toEqual([3, 4])
      const { problems } = await gc(lab)
      expect(problems).toEqual([])
      await expectReached(lab)
      expect((await gc(lab)).files).toBe(0)
    })
    expect(steps).toBeGreaterThan(60)
  })

  it('two at once, stopped against each other at every step, end as one', async () => {
    await atEveryStop(prepare, gc, gc, async (lab) => {
      await gc(lab)
      await expectReached(lab)
    })
  })

  it('beside a job that publishes and discards: at every step of the collector, and the other way round', async () => {
    const steps = async (lab: Lab) => {
      const base = (await lab.log().snapshot(4)).tasks[0]?.state ?? []
      await append(lab.log(), checkpoint(5, { alive: [4, 5], state: [...base, await lab.stateFile(5)] }))
      await discard(lab.roots, job, 'e1')
      await append(lab.log(), checkpoint(6, { alive: [5, 6], state: [...base, await lab.stateFile(6)] }))
      await discard(lab.roots, job, 'e1')
      await lab.stateFile(7)
    }
    const check = async (lab: Lab) => {
      expect(await expectWhole(lab)).toEqual([5, 6])
      expect((await lab.files()).some((name) => name.includes('/e1/chk-7/'))).toBe(true)
      expect(await expectWhole(lab, 'dead-keeps')).toEqual([3, 4])
    }
    await atEveryStop(prepare, gc, steps, check)
    await atEveryStop(prepare, steps, gc, check)
  })
})
