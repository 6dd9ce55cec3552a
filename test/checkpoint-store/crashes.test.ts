import { describe, expect, it } from 'vitest'
import {
  closeOpenExecutions,
  discard,
  finishDeletion,
  openSnapshot,
  pin,
  unpin,
  verifySnapshot,
} from '../../src/checkpoint-store/index.js'
import { freezingFileSystem, type Step } from '../storage/stepping-file-system.js'
import { atEveryCrash, atEveryStop, expectWhole } from './at-every-crash.js'
import { aborted, append, checkpoint, claim, closed, job, Lab, publicationOf, run } from './lab.js'

/**
 * Death before every single change of the disk, of the process alone or of the machine with all that was not synced; then what a reader sees, then the
 * retry. docs/protocol.md has the table.
 */

describe.each([
  { what: 'a process dies', apart: false, open: Lab.inMemory },
  { what: 'a process dies', apart: true, open: Lab.inMemory },
  { what: 'the power goes', apart: false, open: Lab.losing },
  { what: 'the power goes', apart: true, open: Lab.losing },
])('$what, roots apart: $apart', ({ apart, open }) => {
  it('an append: nothing or the whole entry, and the retry ends the same', async () => {
    const prepare = async () => {
      const lab = await open(apart)
      await run(lab, [2])
      return lab
    }
    const steps = await atEveryCrash(
      prepare,
      async (lab) => lab.log().append(checkpoint(3, { alive: [3], state: [await lab.stateFile(3)] })),
      async (lab) => {
        expect([[2], [3]]).toContainEqual(await expectWhole(lab))
        const retry = await lab.log().append(checkpoint(3, { alive: [3], state: [await lab.stateFile(3)] }))
        expect(retry).toEqual({ outcome: 'appended' })
        expect(await expectWhole(lab)).toEqual([3])
      },
    )
    expect(steps).toBeGreaterThan(10)
  })

  it('an append, then aborted instead of retried: one of both, and never neither', async () => {
    const outcomes = new Set<string>()
    await atEveryCrash(
      async () => {
        const lab = await open(apart)
        await run(lab, [2])
        return lab
      },
      async (lab) => lab.log().append(checkpoint(3)),
      async (lab) => {
        const { outcome } = await lab.log().abort(aborted(3, { alive: [2] }), publicationOf(checkpoint(3)))
        outcomes.add(outcome)
        expect(await expectWhole(lab)).toEqual(outcome === 'adopted' ? [3] : [2])
      },
    )
    expect([...outcomes].sort()).toEqual(['aborted', 'adopted'])
  })

  const beforeDiscard = async () => {
    const lab = await open(apart)
    await run(lab, [2, 3, 4, 5], { retained: 2 })
    // A state file that two kept snapshots share, one of an older snapshot that a kept one still uses, and one that a lost attempt left.
    const old = await lab.stateFile(3, { shared: true, content: 'used by chk-6 as well' })
    await lab.stateFile(4, { shared: true, content: 'left behind' })
    await append(lab.log(), checkpoint(6, { alive: [5, 6], state: [old, await lab.stateFile(6)] }))
    return lab
  }
  const afterDiscard = async () => {
    const lab = await beforeDiscard()
    await discard(lab.roots, job, 'e1')
    return lab.files()
  }

  it('a discard: what exists stays whole, and the next one finishes', async () => {
    const final = await afterDiscard()
    expect(final.filter((name) => /chk-[234]\/|left behind/.test(name))).toEqual([])
    const steps = await atEveryCrash(
      beforeDiscard,
      (lab) => discard(lab.roots, job, 'e1'),
      async (lab) => {
        expect(await expectWhole(lab)).toEqual([5, 6])
        await discard(lab.roots, job, 'e1')
        expect(await lab.files()).toEqual(final)
        expect(await expectWhole(lab)).toEqual([5, 6])
      },
    )
    expect(steps).toBeGreaterThan(6)
  })

  it('two discards at once, stopped against each other at every step, end as one', async () => {
    const final = await afterDiscard()
    await atEveryStop(
      beforeDiscard,
      (lab) => discard(lab.roots, job, 'e1'),
      (lab) => discard(lab.roots, job, 'e1'),
      async (lab) => {
        expect(await lab.files()).toEqual(final)
        expect(await expectWhole(lab)).toEqual([5, 6])
      },
    )
  })

  it('a late discard with an old newest entry takes nothing that newer snapshots use', async () => {
    const lab = await beforeDiscard()
    const reads = ({ call, path }: Step) => call === 'readFolder' && path.endsWith('pins')
    const { fs, frozen, release } = freezingFileSystem(reads, lab.fs)
    const late = discard(lab.through(fs).roots, job, 'e1')
    await frozen
    const [base] = (await lab.log().snapshot(6)).tasks[0]?.state ?? []
    if (base === undefined) throw new Error('chk-6 has state')
    await append(lab.log(), checkpoint(7, { alive: [7], state: [base, await lab.stateFile(7)] }))
    await discard(lab.roots, job, 'e1')
    await lab.stateFile(8)
    release()
    await late
    expect(await expectWhole(lab)).toEqual([7])
    expect((await lab.files()).some((name) => name.includes('chk-8/'))).toBe(true)
  })

  it('a deletion: nothing exists from the closed entry on, and the next call leaves the tombstone alone', async () => {
    const steps = await atEveryCrash(
      async () => {
        const lab = await open(apart)
        await run(lab, [2, 3])
        await append(lab.log(), closed(4, { alive: [] }))
        return lab
      },
      (lab) => finishDeletion(lab.roots, job, 'e1'),
      async (lab) => {
        expect((await lab.log().snapshots()).snapshots).toEqual([])
        // A late owner is fenced, whatever has been deleted yet.
        for (const number of [3, 4, 5]) {
          const late = await lab.log().append(checkpoint(number, { run: 'late' }))
          expect(late.outcome).not.toBe('appended')
        }
        await finishDeletion(lab.roots, job, 'e1')
        expect(await lab.files()).toEqual([`metadata/${job}/e1/_execution`])
        expect((await lab.log().record())?.state).toBe('deleted')
      },
    )
    expect(steps).toBeGreaterThan(10)
  })

  it('giving up a number: it is given up or still undecided, and the retry decides it', async () => {
    await atEveryCrash(
      async () => {
        const lab = await open(apart)
        await run(lab, [2])
        return lab
      },
      (lab) => lab.log().abort(aborted(3, { alive: [2] }), publicationOf(checkpoint(3))),
      async (lab, died) => {
        const { newest } = await lab.log().observe()
        if (!died) expect(newest?.kind).toBe('aborted')
        expect(['aborted', 'checkpoint']).toContain(newest?.kind)
        expect(await lab.log().append(checkpoint(3))).toMatchObject({
          outcome: newest?.kind === 'aborted' ? 'taken' : 'appended',
        })
        expect((await expectWhole(lab)).at(-1)).toBe(newest?.kind === 'aborted' ? 2 : 3)
      },
    )
  })

  it.each([
    ['a claim', () => claim(3, { run: 'run-b', alive: [2] })],
    ['the end', () => closed(3, { alive: [2] })],
  ])('%s: it is there or not, a retry finds or makes it, and the log goes on from there', async (_, entry) => {
    await atEveryCrash(
      async () => {
        const lab = await open(apart)
        await run(lab, [2])
        return lab
      },
      (lab) => lab.log().append(entry()),
      async (lab, died) => {
        const { newest } = await lab.log().observe()
        if (!died) expect(newest).toEqual(entry())
        expect(await lab.log().append(entry())).toEqual({ outcome: 'appended' })
        expect((await lab.log().observe()).newest).toEqual(entry())
        expect(await expectWhole(lab)).toEqual([2])
      },
    )
  })

  it('letting a pin go: it holds or it does not, and the retry ends without it', async () => {
    const holder = { job, execution: 'e2' }
    await atEveryCrash(
      async () => {
        const lab = await beforeDiscard()
        await pin(lab.roots, lab.reference(5), holder)
        await append(lab.log(), checkpoint(7, { alive: [7] }))
        return lab
      },
      (lab) => unpin(lab.roots, lab.reference(5), holder),
      async (lab) => {
        await discard(lab.roots, job, 'e1')
        if ((await lab.files()).some((name) => name.includes('/pins/'))) {
          expect(await verifySnapshot(lab.reference(5), lab.roots)).toMatchObject({ ok: true })
        }
        await unpin(lab.roots, lab.reference(5), holder)
        await discard(lab.roots, job, 'e1')
        expect((await lab.files()).filter((name) => /pins|chk-5/.test(name))).toEqual([])
        expect(await expectWhole(lab)).toEqual([7])
      },
    )
  })

  it('a pin: the snapshot is pinned or the caller was told nothing, and the retry settles it', async () => {
    const holder = { job, execution: 'e2' }
    await atEveryCrash(
      beforeDiscard,
      (lab) => pin(lab.roots, lab.reference(5), holder),
      async (lab, died) => {
        await append(lab.log(), checkpoint(7, { alive: [7] }))
        await discard(lab.roots, job, 'e1')
        const retried = await pin(lab.roots, lab.reference(5), holder).then(
          () => 'pinned',
          (error) => error.code,
        )
        if (!died) expect(retried).toBe('pinned')
        if (retried === 'pinned') {
          expect(await verifySnapshot(lab.reference(5), lab.roots)).toMatchObject({ ok: true })
          expect((await openSnapshot(lab.reference(5), lab.roots)).entry.number).toBe(5)
        } else {
          expect(retried).toBe('RestoreFailed')
          // What the first try left goes with its holder.
          await unpin(lab.roots, lab.reference(5), holder)
          await discard(lab.roots, job, 'e1')
          expect((await lab.files()).some((name) => name.includes('chk-5/'))).toBe(false)
        }
      },
    )
  })

  it('closing the older executions: each is open or closed, and the retry closes the rest once', async () => {
    const successor = { except: 'e3', at: '2026-01-02T00:00:00.000Z', nonce: 'n3', reason: 'e3 begins' }
    await atEveryCrash(
      async () => {
        const lab = await open(apart)
        await run(lab, [2])
        await run(lab, [2], { execution: 'e2' })
        return lab
      },
      (lab) => closeOpenExecutions(lab.roots, job, successor),
      async (lab) => {
        for (const execution of ['e1', 'e2']) expect(await expectWhole(lab, execution)).toEqual([2])
        await closeOpenExecutions(lab.roots, job, successor)
        for (const execution of ['e1', 'e2']) {
          expect((await lab.log(execution).observe()).newest).toMatchObject({ kind: 'closed', number: 3, alive: [2] })
        }
      },
    )
  })

  it('beginning an execution: the record is there or not, and the retry finds or makes it', async () => {
    await atEveryCrash(
      () => open(apart),
      (lab) => lab.log().create(lab.record()),
      async (lab) => {
        expect([undefined, 'live']).toContain((await lab.log().record())?.state)
        expect(await lab.log().create(lab.record())).toEqual(lab.record())
        expect(await lab.log().append(claim(1))).toEqual({ outcome: 'appended' })
      },
    )
  })
})
