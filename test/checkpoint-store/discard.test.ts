import { writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { discard, finishDeletion } from '../../src/checkpoint-store/index.js'
import { aborted, append, checkpoint, claim, closed, job, Lab, publicationOf, run } from './lab.js'

it('keeps the newest entry, what is alive with its parts, and files still to be published', async () => {
  const lab = await Lab.open(true)
  await run(lab, [2, 3, 4], { retained: 2 })
  await append(lab.log(), claim(5, { run: 'run-b', alive: [3, 4] }))
  await lab.stateFile(6)
  const report = await discard(lab.roots, job, 'e1')
  expect(report).toMatchObject({ kept: [3, 4], pinned: [], problems: [] })
  expect(await lab.files()).toEqual([
    `metadata/${job}/e1/_execution`,
    `metadata/${job}/e1/chk-3/_metadata`,
    `metadata/${job}/e1/chk-3/part-0-h.json`,
    `metadata/${job}/e1/chk-4/_metadata`,
    `metadata/${job}/e1/chk-4/part-0-h.json`,
    `metadata/${job}/e1/chk-5/_metadata`,
    `data/${job}/e1/chk-3/3-0-0-op-a.state`,
    `data/${job}/e1/chk-4/4-0-0-op-a.state`,
    `data/${job}/e1/chk-6/6-0-0-op-a.state`,
  ])
  expect(report.deleted).toHaveLength(4)
})

it('keeps savepoints and files that nobody of ours wrote', async () => {
  const lab = await Lab.open()
  await run(lab, [2])
  await append(lab.log(), checkpoint(3, { kind: 'savepoint', alive: [2, 3] }))
  await append(lab.log(), checkpoint(4, { alive: [3, 4] }))
  await lab.roots.metadata.write(`${job}/e1/notes.txt`, Buffer.from('mine'))
  await lab.roots.metadata.write(`${job}/e1/chk-2/notes.txt`, Buffer.from('mine'))
  await discard(lab.roots, job, 'e1')
  expect(await lab.files()).toEqual([
    `metadata/${job}/e1/_execution`,
    `metadata/${job}/e1/chk-2/notes.txt`,
    `metadata/${job}/e1/chk-3/_metadata`,
    `metadata/${job}/e1/chk-4/_metadata`,
    `metadata/${job}/e1/notes.txt`,
  ])
})

it('takes no state file where the metadata of an alive snapshot is damaged or missing', async () => {
  for (const fault of ['damage', 'loss']) {
    const lab = await Lab.open()
    await run(lab, [2, 3, 4], { retained: 2 })
    const path = `${job}/e1/chk-3/_metadata`
    if (fault === 'loss') await lab.roots.metadata.delete(path)
    else await writeFile(`${lab.directory}/metadata/${path}`, 'garbage')
    const report = await discard(lab.roots, job, 'e1')
    expect(report.problems).toEqual([expect.stringContaining('chk-3')])
    expect((await lab.files()).filter((name) => name.endsWith('.state'))).toHaveLength(3)
    expect((await lab.log().snapshots()).damaged).toMatchObject([{ number: 3 }])
    expect((await lab.log().snapshots()).snapshots.map((one) => one.number)).toEqual([4])
  }
})

it('deletes nothing where the newest entry cannot be read', async () => {
  const lab = await Lab.open()
  await run(lab, [2, 3])
  await writeFile(`${lab.directory}/metadata/${job}/e1/chk-3/_metadata`, 'garbage')
  const before = await lab.files()
  await expect(discard(lab.roots, job, 'e1')).rejects.toMatchObject({
    code: 'CheckpointDamaged',
    path: expect.stringContaining('chk-3'),
  })
  expect(await lab.files()).toEqual(before)
})

it('deletes nothing where there is no execution, and knows a deleted one', async () => {
  const lab = await Lab.open()
  await lab.stateFile(1)
  expect(await discard(lab.roots, job, 'e1')).toMatchObject({ deleted: [] })
  expect(await finishDeletion(lab.roots, job, 'e1')).toEqual({ outcome: 'absent', deleted: [], bytes: 0 })
  expect(await lab.files()).toHaveLength(1)
})

it('refuses to delete an execution that is open or keeps something', async () => {
  const lab = await Lab.open()
  await run(lab, [2])
  await expect(finishDeletion(lab.roots, job, 'e1')).rejects.toMatchObject({ code: 'InvariantBroken' })
  await append(lab.log(), closed(3, { alive: [2] }))
  await expect(finishDeletion(lab.roots, job, 'e1')).rejects.toMatchObject({ code: 'InvariantBroken' })
  await append(lab.log(), closed(4, { alive: [] }))
  expect(await finishDeletion(lab.roots, job, 'e1')).toMatchObject({ outcome: 'deleted' })
  expect(await finishDeletion(lab.roots, job, 'e1')).toEqual({ outcome: 'deleted', deleted: [], bytes: 0 })
})

it('an aborted number leaves its files to the next discard', async () => {
  const lab = await Lab.open()
  await run(lab, [2])
  await lab.stateFile(3)
  await lab.log().abort(aborted(3, { alive: [2] }), publicationOf(checkpoint(3)))
  await discard(lab.roots, job, 'e1')
  expect((await lab.files()).filter((name) => name.includes('chk-3/'))).toEqual([`metadata/${job}/e1/chk-3/_metadata`])
})
