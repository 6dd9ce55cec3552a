import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { closeOpenExecutions, discard, finishDeletion } from '../../src/checkpoint-store/index.js'
import { freezingFileSystem } from '../storage/stepping-file-system.js'
import { aborted, append, checkpoint, claim, closed, job, Lab, publicationOf, run } from './lab.js'

/** The protocol's points (docs/protocol.md), each as the interleaving that it is there for. */

const beforeLink = (number: number) =>
  freezingFileSystem(({ call, path }) => call === 'link' && path.endsWith(`chk-${number}/_metadata`))

/** A log with claim 1 and checkpoint 2, and another process that stops right before the link of entry 3. */
async function frozenPublication(lab: Lab) {
  await run(lab, [2])
  const late = checkpoint(3, { alive: [3], state: [await lab.stateFile(3)] })
  const { fs, frozen, release } = beforeLink(3)
  const outcome = lab.through(fs).log().append(late)
  await frozen
  return { late, outcome, release }
}

describe('1. creating is all or nothing, and a retry recognises itself', () => {
  it('a second try with the same bytes has succeeded, and so has the first when it wakes up', async () => {
    const lab = await Lab.open()
    const { late, outcome, release } = await frozenPublication(lab)
    expect(await lab.log().append(late)).toEqual({ outcome: 'appended' })
    release()
    expect(await outcome).toEqual({ outcome: 'appended' })
    expect(await lab.log().append(late)).toEqual({ outcome: 'appended' })
  })

  it('until the link no reader sees anything', async () => {
    const lab = await Lab.open()
    const { outcome, release } = await frozenPublication(lab)
    expect((await lab.log().observe()).newest?.number).toBe(2)
    expect((await lab.log().snapshots()).snapshots.map((one) => one.number)).toEqual([2])
    release()
    await outcome
    expect((await lab.log().observe()).newest?.number).toBe(3)
  })
})

describe('2. ownership', () => {
  it('of two claims at one number one wins, and the other learns whose it is', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const outcomes = await Promise.all(
      ['run-b', 'run-c'].map((name) => lab.log().append(claim(3, { run: name, alive: [2] }))),
    )
    expect(outcomes.map((one) => one.outcome).sort()).toEqual(['appended', 'taken'])
    const { newest } = await lab.log().observe()
    expect(outcomes.find((one) => one.outcome === 'taken')).toMatchObject({ by: { owner: newest?.owner } })
  })

  it('a retried claim carries its number, so after a newer claim it steals nothing', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const old = claim(3, { run: 'run-b', alive: [2] })
    await append(lab.log(), old)
    await append(lab.log(), claim(4, { run: 'run-c', alive: [2] }))
    expect(await lab.log().append(old)).toMatchObject({ outcome: 'fenced', by: { owner: { run: 'run-c', claim: 4 } } })
    expect((await lab.log().observe()).newest?.owner.run).toBe('run-c')
  })

  it('a publication of the run before, frozen before its link, finds the new claim in its place', async () => {
    const lab = await Lab.open()
    const { outcome, release } = await frozenPublication(lab)
    await append(lab.log(), claim(3, { run: 'run-b', alive: [2] }))
    release()
    expect(await outcome).toMatchObject({ outcome: 'taken', by: { kind: 'claim', owner: { run: 'run-b' } } })
    expect((await lab.log().snapshots()).snapshots.map((one) => one.number)).toEqual([2])
  })

  it('an entry whose predecessor nobody wrote is refused as a bug', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    await expect(lab.log().append(checkpoint(4))).rejects.toMatchObject({ code: 'InvariantBroken' })
    await expect(lab.log().append({ ...checkpoint(3), execution: 'other' })).rejects.toMatchObject({
      code: 'InvariantBroken',
    })
    expect((await lab.log().observe()).newest?.number).toBe(2)
  })

  it('the first number is the one after the restored', async () => {
    const lab = await Lab.open()
    const reference = { ...lab.reference(7, 'e0'), claimMode: 'NO_CLAIM', ancestry: [] } as const
    await lab.log().create(lab.record('e1', { restoredFrom: reference }))
    await expect(lab.log().append(claim(1))).rejects.toMatchObject({ code: 'InvariantBroken' })
    expect(await lab.log().append(claim(8))).toEqual({ outcome: 'appended' })
  })
})

describe('3. undecided numbers', () => {
  it('aborted first: the publication never was', async () => {
    const lab = await Lab.open()
    const { late, outcome, release } = await frozenPublication(lab)
    const entry = aborted(3, { alive: [2] })
    expect(await lab.log().abort(entry, publicationOf(late))).toEqual({ outcome: 'aborted' })
    release()
    expect(await outcome).toMatchObject({ outcome: 'taken', by: { kind: 'aborted' } })
    expect(await lab.log().abort(entry, publicationOf(late))).toEqual({ outcome: 'aborted' })
    expect((await lab.log().snapshots()).snapshots.map((one) => one.number)).toEqual([2])
  })

  it('published first, its answer still on the way: adopted, and both know', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const late = checkpoint(3)
    const { fs, frozen, release } = freezingFileSystem(
      ({ call, path }) => call === 'syncFolder' && path.endsWith('chk-3'),
    )
    const outcome = lab.through(fs).log().append(late)
    await frozen
    // The freeze is at the first sync of that folder, which follows the link.
    expect(await lab.log().abort(aborted(3, { alive: [2] }), publicationOf(late))).toEqual({
      outcome: 'adopted',
      entry: late,
    })
    release()
    expect(await outcome).toEqual({ outcome: 'appended' })
  })

  it('an abort frozen before its link, while the publication lands: adopted', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const late = checkpoint(3)
    const { fs, frozen, release } = beforeLink(3)
    const outcome = lab
      .through(fs)
      .log()
      .abort(aborted(3, { alive: [2] }), publicationOf(late))
    await frozen
    await append(lab.log(), late)
    release()
    expect(await outcome).toEqual({ outcome: 'adopted', entry: late })
  })

  it('anything else at the number fences', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const mine = checkpoint(3)
    await append(lab.log(), claim(3, { run: 'run-b', alive: [2] }))
    expect(await lab.log().abort(aborted(3, { alive: [2] }), publicationOf(mine))).toMatchObject({
      outcome: 'fenced',
      by: { owner: { run: 'run-b' } },
    })
  })

  it("the old attempt's publication of the same owner under another nonce is not adopted", async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    await append(lab.log(), checkpoint(3, { nonce: 'other' }))
    expect(await lab.log().abort(aborted(3, { alive: [2] }), publicationOf(checkpoint(3)))).toMatchObject({
      outcome: 'fenced',
    })
  })

  it('an adopted publication that a newer run has passed is fenced all the same', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const mine = checkpoint(3)
    await append(lab.log(), mine)
    await append(lab.log(), claim(4, { run: 'run-b', alive: [3] }))
    expect(await lab.log().abort(aborted(3, { alive: [2] }), publicationOf(mine))).toMatchObject({
      outcome: 'fenced',
      by: { number: 4 },
    })
  })
})

describe('4. what is gone stays gone', () => {
  it('a write that lands after its number and its files were discarded counts for nothing', async () => {
    const lab = await Lab.open()
    const { late, outcome, release } = await frozenPublication(lab)
    await lab.log().abort(aborted(3, { alive: [2] }), publicationOf(late))
    await append(lab.log(), checkpoint(4, { alive: [4] }))
    const first = await discard(lab.roots, job, 'e1')
    expect(first.deleted.some((uri) => uri.endsWith('chk-3/_metadata'))).toBe(true)
    release()
    expect(await outcome).toMatchObject({ outcome: 'fenced', by: { number: 4 } })
    // Its bytes are there, below the newest entry, where nobody looks.
    expect((await lab.log().read(3)).kind).toBe('checkpoint')
    expect((await lab.log().snapshots()).snapshots.map((one) => one.number)).toEqual([4])
    await expect(lab.log().snapshot(3)).rejects.toMatchObject({ code: 'RestoreFailed' })
    await discard(lab.roots, job, 'e1')
    await expect(lab.log().read(3)).rejects.toMatchObject({ code: 'ObjectNotFound' })
  })

  it('nothing follows closed but a closed that keeps less, or knows more output committed', async () => {
    const lab = await Lab.open()
    await run(lab, [2, 3], { retained: 2 })
    await append(lab.log(), closed(4, { alive: [2, 3] }))
    for (const entry of [
      checkpoint(5),
      claim(5, { alive: [2, 3] }),
      aborted(5, { alive: [2, 3] }),
      closed(5, { alive: [2, 3], committedThrough: 4 }),
      closed(5, { alive: [3], committedThrough: 2 }),
    ]) {
      expect(await lab.log().append(entry)).toMatchObject({ outcome: 'fenced', by: { kind: 'closed' } })
    }
    expect(await lab.log().abort(aborted(5), publicationOf(checkpoint(5)))).toMatchObject({ outcome: 'fenced' })
    expect(await lab.log().append(closed(5, { alive: [3] }))).toEqual({ outcome: 'appended' })
    expect((await lab.log().snapshots()).snapshots.map((one) => one.number)).toEqual([3])
  })

  it('closed while a publication is frozen before its link: the publication never was', async () => {
    const lab = await Lab.open()
    const { outcome, release } = await frozenPublication(lab)
    await closeOpenExecutions(lab.roots, job, {
      except: 'e2',
      at: '2026-01-02T00:00:00.000Z',
      nonce: 'n',
      reason: 'e2 begins',
    })
    release()
    expect(await outcome).toMatchObject({ outcome: 'taken', by: { kind: 'closed', by: 'successor' } })
  })

  it('a write that lands after the deletion finished brings nothing back', async () => {
    const lab = await Lab.open()
    const { outcome, release } = await frozenPublication(lab)
    await append(lab.log(), closed(3, { alive: [] }))
    await finishDeletion(lab.roots, job, 'e1')
    release()
    expect(await outcome).toMatchObject({ outcome: 'fenced', reason: expect.stringContaining('deleted') })
    expect(await lab.log().observe()).toMatchObject({ record: { state: 'deleted' } })
    expect((await lab.log().observe()).newest).toBeUndefined()
    expect((await lab.log().snapshots()).snapshots).toEqual([])
    await expect(lab.log().create(lab.record())).rejects.toMatchObject({ code: 'ExecutionClosed' })
    // Called again, the deletion takes the late bytes too.
    await finishDeletion(lab.roots, job, 'e1')
    expect(await lab.files()).toEqual([`metadata/${job}/e1/_execution`])
  })

  it('a deletion between the listing and the record of a late check: the record is read last, so it fences', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    let listings = 0
    const { fs, frozen, release } = freezingFileSystem(({ call, path }) => {
      if (call === 'link') listings = 1
      return listings === 1 && call === 'readFile' && path.endsWith('_execution')
    })
    const outcome = lab.through(fs).log().append(checkpoint(3))
    await frozen
    await append(lab.log(), closed(4, { alive: [] }))
    await finishDeletion(lab.roots, job, 'e1')
    release()
    expect(await outcome).toMatchObject({ outcome: 'fenced', reason: expect.stringContaining('deleted') })
  })

  it('nothing with unfinished sink commits leaves the list when a successor closes', async () => {
    const lab = await Lab.open()
    await lab.log().create(lab.record('e1', { policy: 'NO_EXTERNALIZED_CHECKPOINTS' }))
    await append(lab.log(), claim(1, { committedThrough: 0 }))
    await append(lab.log(), checkpoint(2, { alive: [2], committedThrough: 0 }))
    await append(lab.log(), checkpoint(3, { alive: [2, 3], committedThrough: 2 }))
    await closeOpenExecutions(lab.roots, job, {
      except: 'e2',
      at: '2026-01-02T00:00:00.000Z',
      nonce: 'n',
      reason: 'e2 begins',
    })
    expect((await lab.log().observe()).newest).toMatchObject({
      kind: 'closed',
      ending: 'FAILED',
      alive: [3],
      intendedAlive: [],
    })
    await expect(finishDeletion(lab.roots, job, 'e1')).rejects.toMatchObject({ code: 'InvariantBroken' })
  })
})

describe('7. a new execution closes the older ones first', () => {
  const successor = { except: 'e3', at: '2026-01-02T00:00:00.000Z', nonce: 'n3', reason: 'e3 begins' }

  it('every open one, also one that never claimed; closed and deleted ones are named too', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    await lab.log('e2').create(lab.record('e2'))
    await run(lab, [2], { execution: 'gone' })
    await append(lab.log('gone'), closed(3, { execution: 'gone', alive: [] }))
    await finishDeletion(lab.roots, job, 'gone')
    const ids = await closeOpenExecutions(lab.roots, job, successor)
    expect(ids.sort()).toEqual(['e1', 'e2', 'gone'])
    expect((await lab.log('e1').observe()).newest).toMatchObject({
      kind: 'closed',
      number: 3,
      alive: [2],
      ending: 'FAILED',
    })
    expect((await lab.log('e2').observe()).newest).toMatchObject({ kind: 'closed', number: 1, alive: [] })
    expect(await closeOpenExecutions(lab.roots, job, successor)).toEqual(ids)
    expect((await lab.log('e1').observe()).newest?.number).toBe(3)
  })

  it('an owner that appends meanwhile is closed at the next number', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const { fs, frozen, release } = beforeLink(3)
    const closing = closeOpenExecutions(lab.through(fs).roots, job, successor)
    await frozen
    await append(lab.log(), checkpoint(3))
    release()
    await closing
    expect((await lab.log().observe()).newest).toMatchObject({ kind: 'closed', number: 4, alive: [3] })
  })

  it('an owner that goes on since its damaged entry was put back meanwhile is closed too', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const damaged = `${job}/e1/chk-2/_metadata`
    const whole = await lab.roots.metadata.read(damaged)
    await lab.roots.metadata.write(damaged, Buffer.from('damaged'))
    const { fs, frozen, release } = beforeLink(3)
    const closing = closeOpenExecutions(lab.through(fs).roots, job, { ...successor, overDamage: true })
    await frozen
    await lab.roots.metadata.write(damaged, whole)
    await append(lab.log(), checkpoint(3))
    release()
    await closing
    expect((await lab.log().observe()).newest).toMatchObject({ kind: 'closed', number: 4, alive: [3] })
  })

  it('a record that landed after its successor began was not closed by it; its next run closes the successor', async () => {
    const lab = await Lab.open()
    const { fs, frozen, release } = freezingFileSystem(
      ({ call, path }) => call === 'link' && path.endsWith('_execution'),
    )
    const late = lab.through(fs).log('e1').create(lab.record('e1'))
    await frozen
    await closeOpenExecutions(lab.roots, job, { ...successor, except: 'e2' })
    await run(lab, [2], { execution: 'e2' })
    release()
    await late
    expect((await lab.log('e1').observe()).newest).toBeUndefined()
    expect(await closeOpenExecutions(lab.roots, job, { ...successor, except: 'e1' })).toEqual(['e2'])
    expect(await lab.log('e2').append(checkpoint(3, { execution: 'e2' }))).toMatchObject({
      outcome: 'taken',
      by: { kind: 'closed' },
    })
  })

  it('a late try of an execution that was closed itself closes nobody', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const { fs, frozen, release } = freezingFileSystem(({ call, path }) => call === 'readFolder' && path.endsWith(job))
    const late = closeOpenExecutions(lab.through(fs).roots, job, { ...successor, except: 'e1' })
    await frozen
    await closeOpenExecutions(lab.roots, job, { ...successor, except: 'e2' })
    await lab.log('e2').create(lab.record('e2'))
    await append(lab.log('e2'), claim(1, { execution: 'e2' }))
    release()
    await expect(late).rejects.toMatchObject({ code: 'ExecutionClosed' })
    expect((await lab.log('e2').observe()).newest?.kind).toBe('claim')
  })
})

describe('9. readers', () => {
  it('whose newest entry vanishes list again', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const { fs, frozen, release } = freezingFileSystem(
      ({ call, path }) => call === 'readFile' && path.endsWith('chk-2/_metadata'),
    )
    const observed = lab.through(fs).log().observe()
    await frozen
    await append(lab.log(), checkpoint(3, { alive: [3] }))
    await discard(lab.roots, job, 'e1')
    release()
    expect((await observed).newest?.number).toBe(3)
  })

  it('do not take an older entry for the newest when the listing tore', async () => {
    const lab = await Lab.open()
    await run(lab, [2, 3], { retained: 2 })
    await append(lab.log(), claim(4, { run: 'run-b', alive: [2, 3] }))
    // The folder of entry 4 is seen, and is empty when it is looked into; entry 5 came after the first look.
    const { fs, frozen, release } = freezingFileSystem(
      ({ call, path }) => call === 'readFolder' && path.endsWith('chk-4'),
    )
    const observed = lab.through(fs).log().observe()
    await frozen
    await append(lab.log(), checkpoint(5, { run: 'run-b', claim: 4, alive: [5] }))
    await discard(lab.roots, job, 'e1')
    release()
    expect((await observed).newest?.number).toBe(5)
  })

  it('see no temporary files of a dead writer, and a discard takes them away', async () => {
    const lab = await Lab.open()
    const { outcome, release, late } = await frozenPublication(lab)
    expect((await readdir(`${lab.directory}/metadata/${job}/e1/chk-3`)).some((name) => name.startsWith('.tmp-'))).toBe(
      true,
    )
    expect((await lab.files()).filter((name) => name.includes('.tmp'))).toEqual([])
    await lab.log().abort(aborted(3, { alive: [] }), publicationOf(late))
    await append(lab.log(), closed(4, { alive: [] }))
    await finishDeletion(lab.roots, job, 'e1')
    expect(await readdir(`${lab.directory}/metadata/${job}/e1`)).toEqual(['_execution'])
    release()
    await outcome
  })
})
