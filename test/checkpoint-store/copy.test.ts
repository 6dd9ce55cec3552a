import { randomUUID } from 'node:crypto'
import { rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  copySnapshots,
  ExecutionLog,
  listExecutions,
  openRoots,
  openSnapshot,
  resolveRestore,
  verifySnapshot,
} from '../../src/checkpoint-store/index.js'
import { FileStorage } from '../../src/storage/file/file-storage.js'
import { openStorage, type Storage } from '../../src/storage/index.js'
import { dyingFileSystem, unsyncedFileSystem } from '../storage/stepping-file-system.js'
import { temporaryDirectory } from '../storage/temporary-directory.js'
import { wholeOf } from '../support/whole-of.js'
import { append, checkpoint, closed, job, Lab, run } from './lab.js'

const executionOf = (lab: Lab) => `${lab.roots.metadata.uri}/${job}/e1`
const somewhere = async () => new FileStorage(await temporaryDirectory(), unsyncedFileSystem)

/** What a reader of the copy finds, without any help of the original's directories. */
async function read(to: Storage) {
  const roots = { metadata: to, data: to }
  const executions = await listExecutions(roots, job)
  const { snapshots, damaged } = await new ExecutionLog(roots, job, 'e1').snapshots()
  return { executions, damaged, numbers: snapshots.map(({ number }) => number), roots }
}

/** Three checkpoints of which the newest two are kept; they share a state file. */
async function original(apart = false): Promise<Lab> {
  const lab = await Lab.open(apart)
  await run(lab, [2, 3], { retained: 2 })
  const shared = await lab.stateFile(3, { shared: true, content: 'shared between 4 and 5' })
  await append(lab.log(), checkpoint(4, { alive: [3, 4], state: [shared] }))
  const own = await lab.stateFile(5)
  await append(lab.log(), checkpoint(5, { alive: [4, 5], state: [shared, own] }))
  return lab
}

describe.each([{ apart: false }, { apart: true }])('with state files apart: $apart', ({ apart }) => {
  it('a copied checkpoint is a closed execution that restores with the original gone', async () => {
    const lab = await original(apart)
    const to = await somewhere()
    const report = await copySnapshots(lab.roots, executionOf(lab), [4], to)
    expect(report).toEqual({ checkpoints: [`${to.uri}/${job}/e1/chk-4`], files: 1, bytes: 22 })
    await rm(lab.directory, { recursive: true })
    const { executions, damaged, numbers, roots } = await read(to)
    expect(executions).toMatchObject([{ state: 'closed', alive: [4] }])
    expect([numbers, damaged]).toEqual([[4], []])
    const { reference } = await resolveRestore(roots, 'another', `${to.uri}/${job}/e1/chk-4/_metadata`)
    expect(await verifySnapshot(reference)).toMatchObject({ ok: true, files: 2, bytes: 22 })
    const opened = await openSnapshot(reference)
    const [handle] = opened.entry.tasks[0]?.state ?? []
    if (handle === undefined) throw new Error('chk-4 has state')
    expect(String(await wholeOf(opened.readState(handle)))).toBe('shared between 4 and 5')
  })

  it('all that an execution keeps is copied, each file once', async () => {
    const lab = await original(apart)
    const to = openStorage(`memory://${randomUUID()}/copies`)
    expect(await copySnapshots(lab.roots, executionOf(lab), undefined, to)).toMatchObject({ files: 2 })
    expect((await read(to)).numbers).toEqual([4, 5])
    for (const number of [4, 5]) {
      const { reference } = await resolveRestore((await read(to)).roots, job, `chk-${number}`)
      expect(await verifySnapshot(reference)).toMatchObject({ ok: true })
    }
    // And on, from the copy.
    const back = await somewhere()
    await copySnapshots({ metadata: to, data: to }, `${to.uri}/${job}/e1`, undefined, back)
    expect((await read(back)).numbers).toEqual([4, 5])
  })
})

it('a closed execution keeps its ending', async () => {
  const lab = await original()
  await append(lab.log(), closed(6, { alive: [5], ending: 'FAILED' }))
  const to = await somewhere()
  await copySnapshots(lab.roots, executionOf(lab), undefined, to)
  expect((await read(to)).executions[0]?.newest).toMatchObject({
    kind: 'closed',
    ending: 'FAILED',
    alive: [5],
    number: 6,
  })
})

it('nothing is overwritten', async () => {
  const lab = await original()
  const to = await somewhere()
  await copySnapshots(lab.roots, executionOf(lab), [4], to)
  const before = await to.list('')
  for (const numbers of [[4], [5], undefined]) {
    await expect(copySnapshots(lab.roots, executionOf(lab), numbers, to)).rejects.toMatchObject({
      code: 'InvalidPath',
      message: expect.stringContaining('never overwrites'),
    })
  }
  await expect(copySnapshots(lab.roots, executionOf(lab), [4], lab.roots.metadata)).rejects.toMatchObject({
    code: 'InvalidPath',
  })
  expect(await to.list('')).toEqual(before)
})

it('an interrupted copy is nothing to any reader, and the same copy again completes it', async () => {
  const lab = await original()
  let completed = false
  for (let fatal = 0; !completed; fatal++) {
    const directory = await temporaryDirectory()
    const to = new FileStorage(directory, unsyncedFileSystem)
    const { fs, died } = dyingFileSystem(fatal, unsyncedFileSystem)
    await copySnapshots(lab.roots, executionOf(lab), undefined, new FileStorage(directory, fs)).catch(() => {})
    completed = !died()
    const { executions, damaged, numbers } = await read(to).catch(() => ({ executions: [], damaged: [], numbers: [] }))
    expect(damaged).toEqual([])
    if (executions.length === 0) {
      await copySnapshots(lab.roots, executionOf(lab), undefined, to)
      expect((await read(to)).numbers).toEqual([4, 5])
    } else {
      expect(numbers).toEqual([4, 5])
    }
    expect(await verifySnapshot({ job, execution: 'e1', number: 5, uri: `${to.uri}/${job}/e1/chk-5` })).toMatchObject({
      ok: true,
    })
  }
})

it('what another interrupted copy left is not built upon', async () => {
  const lab = await original()
  const to = await somewhere()
  await copySnapshots(lab.roots, executionOf(lab), [5], to)
  await to.delete(`${job}/e1/_execution`)
  await expect(copySnapshots(lab.roots, executionOf(lab), [4], to)).rejects.toMatchObject({
    code: 'InvalidPath',
    message: expect.stringMatching(/another copy was interrupted there/),
  })
})

it('what is damaged or not kept is not copied', async () => {
  const lab = await original()
  const to = await somewhere()
  await expect(copySnapshots(lab.roots, executionOf(lab), [3], to)).rejects.toMatchObject({
    code: 'RestoreFailed',
    message: expect.stringContaining('it keeps no chk-3, but chk-4, chk-5'),
  })
  const [file] = (await lab.files()).filter((name) => name.includes('/5-'))
  await truncate(join(lab.directory, file ?? ''), 3)
  await expect(copySnapshots(lab.roots, executionOf(lab), [5], to)).rejects.toMatchObject({ code: 'CheckpointDamaged' })
  expect((await listExecutions(openRoots(to.uri, to.uri), job)).length).toBe(0)
})
