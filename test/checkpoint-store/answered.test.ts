import { describe, expect, it } from 'vitest'
import { closedExecutions, closeOpenExecutions, discard, finishDeletion } from '../../src/checkpoint-store/index.js'
import { dyingFileSystem } from '../storage/stepping-file-system.js'
import { expectWhole } from './at-every-crash.js'
import { aborted, append, checkpoint, claim, closed, job, Lab, publicationOf, run } from './lab.js'

/**
 * A process dies before every single change of the disk; another one goes on from what it finds, and is answered; then the power goes. What was
 * answered must be there, also where it rests on what the dead one had not synced yet.
 */
async function atEveryDeath<T>(
  prepare: (lab: Lab) => Promise<unknown>,
  act: (lab: Lab) => Promise<unknown>,
  goOn: (lab: Lab) => Promise<T>,
  check: (lab: Lab, answer: T) => Promise<void>,
): Promise<void> {
  for (let step = 0; ; step++) {
    const lab = await Lab.losing(true)
    await prepare(lab)
    const { fs, died } = dyingFileSystem(step, lab.fs)
    await act(lab.through(fs)).catch((error) => {
      if (!died()) throw error
    })
    const answer = await goOn(lab)
    lab.cutPower?.()
    await check(lab, answer)
    if (!died()) return
  }
}

const twoSnapshots = (lab: Lab) => run(lab, [2, 3])
const next = async (lab: Lab) => checkpoint(4, { alive: [3, 4], state: [await lab.stateFile(4)] })
const publish = async (lab: Lab) => lab.log().append(await next(lab))
const successor = { except: 'e3', at: '2026-01-01T00:01:00.000Z', nonce: 'n3', reason: 'e3 began' }

describe('what was answered survives the power, whoever wrote it', () => {
  it('a publication that is tried again', async () => {
    await atEveryDeath(twoSnapshots, publish, publish, async (lab, answer) => {
      expect(answer).toEqual({ outcome: 'appended' })
      expect(await expectWhole(lab)).toEqual([3, 4])
    })
  })

  it('a number that is given up, or whose publication is adopted', async () => {
    const outcomes = new Set<string>()
    const giveUp = async (lab: Lab) => lab.log().abort(aborted(4, { alive: [2, 3] }), publicationOf(await next(lab)))
    await atEveryDeath(twoSnapshots, publish, giveUp, async (lab, { outcome }) => {
      outcomes.add(outcome)
      expect(await expectWhole(lab)).toEqual(outcome === 'adopted' ? [3, 4] : [2, 3])
      expect((await lab.log().observe()).newest?.number).toBe(4)
    })
    expect([...outcomes].sort()).toEqual(['aborted', 'adopted'])
  })

  it('a claim that builds on the publication it found', async () => {
    const takeOver = async (lab: Lab) => {
      const { newest } = await lab.log().observe()
      const number = (newest?.number ?? 0) + 1
      return append(lab.log(), claim(number, { run: 'run-b', claim: number, alive: newest?.alive ?? [] }))
    }
    await atEveryDeath(twoSnapshots, publish, takeOver, async (lab) => {
      const { newest } = await lab.log().observe()
      expect(newest).toMatchObject({ kind: 'claim', owner: { run: 'run-b' } })
      expect(await expectWhole(lab)).toEqual(newest?.alive)
    })
  })

  it('a discard, of what the entry that it found dropped', async () => {
    await atEveryDeath(
      twoSnapshots,
      publish,
      (lab) => discard(lab.roots, job, 'e1'),
      async (lab, { kept }) => expect(await expectWhole(lab)).toEqual(kept),
    )
  })

  it('the end of older executions, which a dead successor had written', async () => {
    const close = (lab: Lab) => closeOpenExecutions(lab.roots, job, successor)
    const two = async (lab: Lab) => {
      await twoSnapshots(lab)
      await run(lab, [2], { execution: 'e2' })
    }
    await atEveryDeath(two, close, close, async (lab) => {
      expect((await closedExecutions(lab.roots, job, 'e3')).sort()).toEqual(['e1', 'e2'])
    })
  })

  it('the end of an execution whose newest entry is damaged', async () => {
    const close = (lab: Lab) => closeOpenExecutions(lab.roots, job, { ...successor, overDamage: true })
    const damage = async (lab: Lab) => {
      await twoSnapshots(lab)
      await lab.roots.metadata.write(`${job}/e1/chk-3/_metadata`, Buffer.from('nonsense'))
    }
    await atEveryDeath(damage, close, close, async (lab) => {
      expect((await lab.log().observe()).newest).toMatchObject({ kind: 'closed', number: 4 })
    })
  })

  it('a deletion, which rests on a closed entry and a tombstone', async () => {
    const close = (lab: Lab) => append(lab.log(), closed(4, { alive: [] }))
    const remove = (lab: Lab) => finishDeletion(lab.roots, job, 'e1')
    const whole = async (lab: Lab) => expect(await expectWhole(lab)).toEqual([])
    const closeAndRemove = async (lab: Lab) => {
      await close(lab)
      await remove(lab)
    }
    const closeIfOpen = async (lab: Lab) => {
      const { record, newest } = await lab.log().observe()
      if (record?.state === 'live' && newest?.kind !== 'closed') await close(lab)
      await remove(lab)
    }
    await atEveryDeath(twoSnapshots, closeAndRemove, closeIfOpen, whole)
  })

  it('the record of an execution that a dead process had created', async () => {
    const create = (lab: Lab) => lab.log().create(lab.record())
    const goOn = async (lab: Lab) => (await lab.log().durableRecord()) ?? (await create(lab))
    await atEveryDeath(
      async () => {},
      create,
      goOn,
      async (lab) => {
        expect(await lab.log().record()).toMatchObject({ state: 'live' })
      },
    )
  })
})
