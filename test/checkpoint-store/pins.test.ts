import { expect, it } from 'vitest'
import { discard, finishDeletion, openSnapshot, pin, unpin, verifySnapshot } from '../../src/checkpoint-store/index.js'
import { freezingFileSystem } from '../storage/stepping-file-system.js'
import { wholeOf } from '../support/whole-of.js'
import { append, checkpoint, closed, job, Lab, run } from './lab.js'

/** A restore by one execution against the discards of the owner. */

const holder = { job: 'fork', execution: 'e2' }

async function subsume(lab: Lab): Promise<void> {
  await append(lab.log(), checkpoint(3, { alive: [3], state: [await lab.stateFile(3)] }))
  await discard(lab.roots, job, 'e1')
}

it('a pin that comes before the owner drops the snapshot holds it, and the holder may restore again and again', async () => {
  const lab = await Lab.open(true)
  await run(lab, [2])
  await pin(lab.roots, lab.reference(2), holder)
  await subsume(lab)
  expect(await verifySnapshot(lab.reference(2))).toMatchObject({ ok: true, files: 2 })
  await pin(lab.roots, lab.reference(2), holder)
  const opened = await openSnapshot(lab.reference(2))
  const [handle] = opened.entry.tasks[0]?.state ?? []
  if (handle === undefined) throw new Error('chk-2 has state')
  expect((await wholeOf(opened.readState(handle))).toString()).toBe('state of 2')
  expect((await lab.log().snapshot(2)).number).toBe(2)
  expect((await lab.log().snapshots()).snapshots.map((one) => one.number)).toEqual([3])
})

it('a try of its first step that was given up, and comes late, does not take back what was confirmed since', async () => {
  const lab = await Lab.open()
  await run(lab, [2])
  // Goes as far as the moment before the pin has its name, and stands still there.
  const naming = ({ call, path }: { call: string; path: string }) =>
    (call === 'link' || call === 'rename') && path.includes('pins')
  const { fs, frozen, release } = freezingFileSystem(naming)
  const late = pin(lab.through(fs).roots, lab.reference(2), holder)
  await frozen
  await pin(lab.roots, lab.reference(2), holder)
  await subsume(lab)
  release()
  await late
  await pin(lab.roots, lab.reference(2), holder)
  expect(await verifySnapshot(lab.reference(2))).toMatchObject({ ok: true, files: 2 })
})

it('a try that comes late, with another checkpoint in mind, takes nothing from the one that counts', async () => {
  const lab = await Lab.open()
  await run(lab, [2, 3], { retained: 2 })
  const { fs, frozen, release } = freezingFileSystem(({ call, path }) => call === 'rename' && path.includes('pins'))
  const late = pin(lab.through(fs).roots, lab.reference(2), holder)
  await frozen
  await pin(lab.roots, lab.reference(3), holder)
  await append(lab.log(), checkpoint(4, { alive: [4], state: [await lab.stateFile(4)] }))
  await discard(lab.roots, job, 'e1')
  release()
  await late
  await discard(lab.roots, job, 'e1')
  for (const number of [2, 3]) expect(await verifySnapshot(lab.reference(number))).toMatchObject({ ok: true })
})

it('a try that finds the checkpoint gone goes by what an earlier one of the same holder has confirmed, and undoes it no more', async () => {
  const lab = await Lab.open()
  await run(lab, [2])
  const { fs, frozen, release } = freezingFileSystem(
    ({ call, path }) => call === 'readFile' && path.endsWith('_execution'),
  )
  const late = pin(lab.through(fs).roots, lab.reference(2), holder)
  await frozen
  await pin(lab.roots, lab.reference(2), holder)
  await subsume(lab)
  release()
  await late
  await discard(lab.roots, job, 'e1')
  expect(await verifySnapshot(lab.reference(2))).toMatchObject({ ok: true })
})

it('a released pin holds nothing any more', async () => {
  const lab = await Lab.open(true)
  await run(lab, [2])
  await pin(lab.roots, lab.reference(2), holder)
  await pin(lab.roots, lab.reference(2), holder)
  await subsume(lab)
  await unpin(lab.roots, lab.reference(2), holder)
  await unpin(lab.roots, lab.reference(2), holder)
  await discard(lab.roots, job, 'e1')
  expect((await lab.files()).filter((name) => name.includes('chk-2/') || name.includes('pins'))).toEqual([])
  await expect(lab.log().snapshot(2)).rejects.toMatchObject({ code: 'RestoreFailed' })
})

it('another holder cannot pin what only the first one still has', async () => {
  const lab = await Lab.open()
  await run(lab, [2])
  await pin(lab.roots, lab.reference(2), holder)
  await subsume(lab)
  await expect(pin(lab.roots, lab.reference(2), { job: 'fork', execution: 'e3' })).rejects.toMatchObject({
    code: 'RestoreFailed',
  })
  const pins = (await lab.files()).filter((name) => name.includes('pins'))
  expect(pins).toEqual([expect.stringMatching(`^metadata/${job}/e1/pins/e2\\.`)])
})

it.each([
  [
    'before it is written',
    ({ call, path }: { call: string; path: string }) => call === 'link' && path.includes('pins'),
  ],
  [
    'before the newest entry is read',
    ({ call, path }: { call: string; path: string }) => call === 'readFile' && path.endsWith('_execution'),
  ],
])('a pin frozen %s while the owner drops the snapshot fails, and leaves nothing', async (_, matches) => {
  const lab = await Lab.open()
  await run(lab, [2])
  const { fs, frozen, release } = freezingFileSystem(matches)
  const pinned = pin(lab.through(fs).roots, lab.reference(2), holder)
  await frozen
  await subsume(lab)
  release()
  await expect(pinned).rejects.toMatchObject({ code: 'RestoreFailed' })
  await discard(lab.roots, job, 'e1')
  expect((await lab.files()).filter((name) => name.includes('chk-2/') || name.includes('pins'))).toEqual([])
})

it('a discard that looked for pins before the pin came, of a snapshot dropped earlier still: the pin fails', async () => {
  const lab = await Lab.open()
  await run(lab, [2])
  await append(lab.log(), checkpoint(3, { alive: [3] }))
  const { fs, frozen, release } = freezingFileSystem(
    ({ call, path }) => call === 'unlink' && path.endsWith('chk-2/_metadata'),
  )
  const discarding = discard(lab.through(fs).roots, job, 'e1')
  await frozen
  await expect(pin(lab.roots, lab.reference(2), holder)).rejects.toMatchObject({ code: 'RestoreFailed' })
  release()
  await discarding
})

it('a discard frozen with an old newest entry does not harm what was pinned since', async () => {
  const lab = await Lab.open()
  await run(lab, [2])
  const { fs, frozen, release } = freezingFileSystem(({ call, path }) => call === 'readFolder' && path.endsWith('pins'))
  const discarding = discard(lab.through(fs).roots, job, 'e1')
  await frozen
  await pin(lab.roots, lab.reference(2), holder)
  await subsume(lab)
  release()
  await discarding
  expect(await verifySnapshot(lab.reference(2))).toMatchObject({ ok: true })
})

it('a deletion leaves what is pinned and a live record, and finishes once the pin has gone', async () => {
  const lab = await Lab.open(true)
  await run(lab, [2, 3], { retained: 2 })
  await pin(lab.roots, lab.reference(2), holder)
  await append(lab.log(), closed(4, { alive: [] }))
  expect(await finishDeletion(lab.roots, job, 'e1')).toMatchObject({ outcome: 'pinned' })
  expect(await lab.log().observe()).toMatchObject({ record: { state: 'live' }, newest: { kind: 'closed', alive: [] } })
  expect(await verifySnapshot(lab.reference(2))).toMatchObject({ ok: true })
  await pin(lab.roots, lab.reference(2), holder)
  expect((await lab.files()).filter((name) => name.includes('chk-3/'))).toEqual([])
  await unpin(lab.roots, lab.reference(2), holder)
  expect(await finishDeletion(lab.roots, job, 'e1')).toMatchObject({ outcome: 'deleted' })
  expect(await lab.files()).toEqual([`metadata/${job}/e1/_execution`])
})

it('a pin that cannot be read may hold anything: nothing is deleted', async () => {
  const lab = await Lab.open()
  await run(lab, [2, 3])
  await lab.roots.metadata.write(`${job}/e1/pins/e9`, Buffer.from('not a pin'))
  const before = await lab.files()
  const report = await discard(lab.roots, job, 'e1')
  expect(report.problems).toEqual([expect.stringContaining('pins/e9')])
  await append(lab.log(), closed(4, { alive: [] }))
  expect(await finishDeletion(lab.roots, job, 'e1')).toEqual({ outcome: 'pinned', deleted: [], bytes: 0 })
  expect(await lab.files()).toEqual(
    [...before.slice(0, -1), `metadata/${job}/e1/chk-4/_metadata`, before.at(-1)].sort(),
  )
})
