import { describe, expect, it } from 'vitest'
import type { WorkflowFact } from '../../src/checkpoint/collection.js'
import { closedExecutions, collect, pin, verifySnapshot } from '../../src/checkpoint-store/index.js'
import { atEveryCrash, atEveryStop, expectWhole } from './at-every-crash.js'
import { append, checkpoint, claim, closed, job, Lab, restoredFrom, run } from './lab.js'

/** The collector killed before every change of the disk, and stopped there while others go on; more of it is in test/heavy. */

const day = 24 * 60 * 60 * 1000
let nonces = 0

/** `dead` was terminated, all others run. */
const workflow = async (_: string, execution: string): Promise<WorkflowFact> =>
  execution.startsWith('dead') ? { kind: 'ended', ending: 'FAILED', why: 'terminated' } : { kind: 'running' }

function gc(lab: Lab, now = Date.now()) {
  const context = { who: 'tester@here', at: '2026-01-03T00:00:00.000Z', nonce: `n${nonces++}` }
  return collect(lab.roots, { delete: true, now, context, workflow })
}

describe('with state files in a root of their own', () => {
  const apart = true
  it('tombstones: died anywhere, the ledger has them before they go', async () => {
    await atEveryCrash(
      async () => {
        const lab = await Lab.inMemory(apart)
        for (const execution of ['x1', 'x2']) {
          await run(lab, [2], { execution })
          await append(lab.log(execution), closed(3, { execution, alive: [] }))
        }
        await gc(lab)
        return lab
      },
      (lab) => gc(lab, Date.now() + 8 * day),
      async (lab) => {
        expect((await closedExecutions(lab.roots, job, 'other')).sort()).toEqual(['x1', 'x2'])
        await gc(lab, Date.now() + 8 * day)
        expect((await closedExecutions(lab.roots, job, 'other')).sort()).toEqual(['x1', 'x2'])
        expect((await lab.files()).filter((name) => name.endsWith('/_execution'))).toEqual([])
      },
    )
  })

  it('beside an owner that was terminated and does not know it: it is fenced, or its last append is kept', async () => {
    const outcomes = new Set<string>()
    const owner = async (lab: Lab) => {
      const entry = { execution: 'dead', alive: [3, 4], state: [await lab.stateFile(4, { execution: 'dead' })] }
      outcomes.add((await lab.log('dead').append(checkpoint(4, entry))).outcome)
    }
    const check = async (lab: Lab) => {
      const { newest } = await lab.log('dead').observe()
      expect(newest).toMatchObject({ kind: 'closed', by: 'collector', alive: newest?.number === 5 ? [3, 4] : [2, 3] })
      await expectWhole(lab, 'dead')
    }
    const zombie = async () => {
      const lab = await Lab.inMemory(apart)
      await run(lab, [2, 3], { execution: 'dead', retained: 2 })
      return lab
    }
    await atEveryStop(zombie, gc, owner, check)
    await atEveryStop(zombie, owner, gc, check)
    expect([...outcomes].sort()).toEqual(expect.arrayContaining(['appended', 'fenced']))
  })

  it('beside a restore: the pinned checkpoint stays until its holder has one of its own', async () => {
    const restore = async (lab: Lab): Promise<'pinned' | 'refused'> => {
      const reference = lab.reference(3, 'dead')
      const pinned = await pin(lab.roots, reference, { job, execution: 'fork' }).then(
        () => true,
        (error) => {
          if (error.code !== 'RestoreFailed') throw error
          return false
        },
      )
      if (!pinned) return 'refused'
      const record = lab.record('fork', { restoredFrom: restoredFrom(reference) })
      await lab.log('fork').create(record)
      await append(lab.log('fork'), claim(4, { execution: 'fork' }))
      return 'pinned'
    }
    const seen = new Set<string>()
    for (const [slow, other] of [
      [gc, restore],
      [restore, gc],
    ] as const) {
      let outcome: unknown
      const noting = (act: (lab: Lab) => Promise<unknown>) => async (lab: Lab) => {
        const answer = await act(lab)
        if (typeof answer === 'string') outcome = answer
      }
      const begin = async () => {
        const lab = await Lab.inMemory(apart)
        const record = { policy: 'NO_EXTERNALIZED_CHECKPOINTS' } as const
        await run(lab, [2, 3], { execution: 'dead', record })
        return lab
      }
      await atEveryStop(begin, noting(slow), noting(other), async (lab) => {
        seen.add(String(outcome))
        await gc(lab)
        if (outcome === 'pinned') {
          expect(await verifySnapshot(lab.reference(3, 'dead'), lab.roots)).toMatchObject({ ok: true })
          await append(lab.log('fork'), checkpoint(5, { execution: 'fork', claim: 4 }))
          await gc(lab)
        }
        expect((await lab.log('dead').record())?.state).toBe('deleted')
        expect((await lab.files()).filter((name) => name.includes('/dead/'))).toEqual([
          `metadata/${job}/dead/_execution`,
        ])
      })
    }
    expect([...seen].sort()).toEqual(['pinned', 'refused'])
  })
})
