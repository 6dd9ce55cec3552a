import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it } from 'vitest'
import {
  copySnapshots,
  discard,
  openSnapshot,
  resolveRestore,
  retainedSnapshots,
  verifySnapshot,
} from '../../src/checkpoint-store/index.js'
import { FileStorage } from '../../src/storage/file/file-storage.js'
import { unsyncedFileSystem } from '../storage/stepping-file-system.js'
import { temporaryDirectory } from '../storage/temporary-directory.js'
import { wholeOf } from '../support/whole-of.js'
import { append, checkpoint, claim, job, Lab } from './lab.js'

// State that lies in the metadata, beside some that has a file.

let lab: Lab

beforeEach(async () => {
  lab = await Lab.open()
  await lab.log().create(lab.record())
  await append(lab.log(), claim(1))
  const file = await lab.stateFile(2)
  await append(lab.log(), checkpoint(2, { alive: [2], state: [lab.inlineState(2)] }))
  // Nothing has changed of what chk-2 holds itself.
  await append(lab.log(), checkpoint(3, { alive: [3], state: [lab.inlineState(2), file] }))
})

const metadataOf = (number: number) => join(fileURLToPath(lab.reference(number).uri), '_metadata')

async function statesOf(reference: ReturnType<Lab['reference']>): Promise<string[]> {
  const opened = await openSnapshot(reference)
  const states = opened.entry.tasks.flatMap(({ state }) => state)
  return Promise.all(states.map(async (handle) => String(await wholeOf(opened.readState(handle)))))
}

it('is there as long as the checkpoint that carries it on, though the one that wrote it has gone', async () => {
  await discard(lab.roots, job, 'e1')
  await expect(readFile(metadataOf(2))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await statesOf(lab.reference(3))).toEqual(['state in chk-2', 'state of 2'])
})

it('counts among the bytes of a checkpoint, and not among its files', async () => {
  expect(await verifySnapshot(lab.reference(2))).toMatchObject({ ok: true, files: 1, bytes: 14 })
  expect(await verifySnapshot(lab.reference(3))).toMatchObject({ ok: true, files: 2, bytes: 24 })
  expect(await retainedSnapshots(lab.roots, job)).toMatchObject([{ number: 3, size: 24 }])
})

it('goes with a copy', async () => {
  const to = new FileStorage(await temporaryDirectory(), unsyncedFileSystem)
  const report = await copySnapshots(lab.roots, `${lab.roots.metadata.uri}/${job}/e1`, [3], to)
  expect(report).toMatchObject({ files: 1, bytes: 10 })
  await rm(lab.directory, { recursive: true })
  const { reference } = await resolveRestore({ metadata: to, data: to }, 'another', `${to.uri}/${job}/e1/chk-3`)
  expect(await statesOf(reference)).toEqual(['state in chk-2', 'state of 2'])
})

it('is damaged where the metadata is, which is what an error names', async () => {
  const text = await readFile(metadataOf(3), 'utf8')
  const { inline } = lab.inlineState(2)
  const other = lab.inlineState(2, 'state in chk-9').inline
  await writeFile(metadataOf(3), text.replace(inline, other))
  const damage = { code: 'CheckpointDamaged', path: expect.stringMatching(/chk-3\/_metadata$/) }
  await expect(openSnapshot(lab.reference(3))).rejects.toMatchObject(damage)
  expect(await verifySnapshot(lab.reference(3))).toMatchObject({
    ok: false,
    problems: [expect.stringContaining('chk-3')],
  })
})
