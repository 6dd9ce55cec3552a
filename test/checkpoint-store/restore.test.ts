import { cp, mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  discard,
  finishDeletion,
  listExecutions,
  listJobs,
  openRoots,
  openSnapshot,
  resolveRestore,
  retainedSnapshots,
  verifySnapshot,
} from '../../src/checkpoint-store/index.js'
import { temporaryDirectory } from '../storage/temporary-directory.js'
import { wholeOf } from '../support/whole-of.js'
import { append, checkpoint, claim, closed, job, Lab, restoredFrom, run } from './lab.js'

const refusal = (...parts: string[]) => ({
  code: 'RestoreFailed',
  message: expect.stringMatching(new RegExp(parts.join('.*'))),
})

describe('which checkpoint a user means', () => {
  it.each(['directory', 'metadata', 'uri', 'trailing slash'])('by %s', async (form) => {
    const lab = await Lab.open(true)
    await run(lab, [2, 3], { retained: 2 })
    const { uri } = lab.reference(2)
    const path = fileURLToPath(uri)
    const from = { directory: path, metadata: `${path}/_metadata`, uri, 'trailing slash': `${path}/` }[form] ?? ''
    const { reference, entry, record } = await resolveRestore(lab.roots, 'another-job', from)
    expect(reference).toEqual(lab.reference(2))
    expect(entry.number).toBe(2)
    expect(record.execution).toBe('e1')
  })

  it('latest, along the lineage', async () => {
    const lab = await Lab.open()
    await run(lab, [2, 3], { retained: 2 })
    expect((await resolveRestore(lab.roots, job, 'latest')).reference).toEqual(lab.reference(3))
    const from = restoredFrom(lab.reference(2))
    await lab.log('e2').create(lab.record('e2', { restoredFrom: from, createdAt: '2025-01-01T00:00:00.000Z' }))
    expect((await resolveRestore(lab.roots, job, 'latest')).reference).toEqual(lab.reference(2))
    await append(lab.log('e2'), claim(3, { execution: 'e2' }))
    await append(lab.log('e2'), checkpoint(4, { execution: 'e2', claim: 3 }))
    expect((await resolveRestore(lab.roots, job, 'latest')).reference).toEqual(lab.reference(4, 'e2'))
  })

  it('chk-n, unless two executions keep that number', async () => {
    const lab = await Lab.open()
    await run(lab, [2, 3], { retained: 2 })
    expect((await resolveRestore(lab.roots, job, 'chk-2')).reference).toEqual(lab.reference(2))
    await run(lab, [2], { execution: 'e2' })
    await expect(resolveRestore(lab.roots, job, 'chk-2')).rejects.toMatchObject(
      refusal('more than once', 'e1/chk-2', 'e2/chk-2'),
    )
    expect((await resolveRestore(lab.roots, job, 'chk-3')).reference).toEqual(lab.reference(3))
  })
})

describe('what cannot be restored is one sentence that names what is there', () => {
  it('a number that was discarded or never was', async () => {
    const lab = await Lab.open()
    await run(lab, [2, 3, 4], { retained: 2 })
    for (const from of ['chk-2', 'chk-99']) {
      await expect(resolveRestore(lab.roots, job, from)).rejects.toMatchObject(refusal(from, 'e1 keeps chk-3, chk-4'))
    }
    await expect(resolveRestore(lab.roots, job, lab.reference(2).uri)).rejects.toMatchObject(
      refusal('kept there: chk-3, chk-4'),
    )
    await expect(resolveRestore(lab.roots, job, lab.reference(1).uri)).rejects.toMatchObject(refusal('chk-1 is not at'))
  })

  it('a job without checkpoints', async () => {
    const lab = await Lab.open()
    await expect(resolveRestore(lab.roots, job, 'latest')).rejects.toMatchObject(refusal('none is kept'))
  })

  it.each(['/nowhere/chk-1', 'chk-0', 'chk-x', '/', 'file://host/chk-1', 'gopher://x/chk-1', '/tmp'])(
    'the address %s',
    async (from) => {
      const lab = await Lab.open()
      await expect(resolveRestore(lab.roots, job, from)).rejects.toMatchObject({ code: 'RestoreFailed' })
    },
  )

  it('a deleted execution', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    await append(lab.log(), closed(3, { alive: [] }))
    await finishDeletion(lab.roots, job, 'e1')
    await expect(resolveRestore(lab.roots, job, lab.reference(2).uri)).rejects.toMatchObject(refusal('was deleted'))
  })

  it('damaged metadata, and metadata that is gone', async () => {
    const lab = await Lab.open()
    await run(lab, [2, 3], { retained: 2 })
    const path = fileURLToPath(lab.reference(2).uri)
    await truncate(join(path, '_metadata'), 100)
    await expect(resolveRestore(lab.roots, job, 'chk-2')).rejects.toMatchObject(refusal('chk-2/_metadata is damaged'))
    await rm(join(path, '_metadata'))
    await expect(resolveRestore(lab.roots, job, 'chk-2')).rejects.toMatchObject(refusal('chk-2/_metadata is missing'))
  })

  it('a newer format says upgrade', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const { canonicalJson } = await import('../../src/checkpoint/canonical-json.js')
    const { seal } = await import('../../src/checkpoint/sealed-json.js')
    await writeFile(join(fileURLToPath(lab.reference(2).uri), '_metadata'), seal(canonicalJson({ formatVersion: 3 })))
    await expect(resolveRestore(lab.roots, job, 'latest')).rejects.toMatchObject({ code: 'UnsupportedFormat' })
  })
})

describe('verifying', () => {
  it('reads every file', async () => {
    const lab = await Lab.open(true)
    await run(lab, [2])
    expect(await verifySnapshot(lab.reference(2))).toEqual({ ok: true, files: 2, bytes: 10, problems: [] })
  })

  it.each([
    ['a missing file', (path: string) => rm(path), 'missing'],
    ['a shorter file', (path: string) => truncate(path, 3), 'has 3 bytes instead of 10'],
    ['changed bytes', (path: string) => writeFile(path, 'STATE OF 2'), 'checksum'],
  ])('names %s', async (_, harm, words) => {
    const lab = await Lab.open(true)
    await run(lab, [2])
    await harm(join(lab.directory, 'data', job, 'e1/chk-2/2-0-0-op-a.state'))
    const report = await verifySnapshot(lab.reference(2))
    expect(report).toMatchObject({ ok: false, files: 1, bytes: 0 })
    expect(report.problems).toEqual([expect.stringMatching(new RegExp(`2-0-0-op-a.state.*${words}`))])
    const opened = await openSnapshot(lab.reference(2))
    const [handle] = opened.entry.tasks[0]?.state ?? []
    if (handle === undefined) throw new Error('chk-2 has state')
    await expect(wholeOf(opened.readState(handle))).rejects.toMatchObject({ code: 'CheckpointDamaged' })
  })

  it('reports damaged and missing metadata', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    expect(await verifySnapshot(lab.reference(9))).toMatchObject({
      ok: false,
      problems: [expect.stringContaining('chk-9')],
    })
    expect(await verifySnapshot(lab.reference(1))).toMatchObject({
      ok: false,
      problems: [expect.stringContaining('claim')],
    })
    await writeFile(join(fileURLToPath(lab.reference(2).uri), '_metadata'), '{}')
    expect(await verifySnapshot(lab.reference(2))).toMatchObject({
      ok: false,
      problems: [expect.stringContaining('damaged')],
    })
  })
})

describe('elsewhere', () => {
  it.each([false, true])(
    'a copied execution restores, its state still where it was (roots apart: %s)',
    async (apart) => {
      const lab = await Lab.open(apart)
      await run(lab, [2])
      const copy = join(await temporaryDirectory(), 'a copy')
      await cp(join(lab.directory, 'metadata', job, 'e1'), copy, { recursive: true })
      const { reference } = await resolveRestore(lab.roots, job, join(copy, 'chk-2'))
      expect(fileURLToPath(reference.uri)).toBe(join(copy, 'chk-2'))
      expect(await verifySnapshot(reference)).toMatchObject({ ok: true, files: 2 })
    },
  )

  it('state copied beside the metadata is taken first, the original may be gone', async () => {
    const lab = await Lab.open(true)
    await run(lab, [2])
    const copy = join(await temporaryDirectory(), 'copy')
    await cp(join(lab.directory, 'metadata', job, 'e1'), copy, { recursive: true })
    await cp(join(lab.directory, 'data', job, 'e1'), copy, { recursive: true })
    await rm(lab.directory, { recursive: true })
    const { reference } = await resolveRestore(lab.roots, 'other', join(copy, 'chk-2', '_metadata'))
    expect(await verifySnapshot(reference)).toMatchObject({ ok: true, files: 2, bytes: 10 })
  })

  it('both roots moved: what the configuration says now is looked at too', async () => {
    const lab = await Lab.open(true)
    await run(lab, [2])
    const moved = await temporaryDirectory()
    await mkdir(moved, { recursive: true })
    await rename(join(lab.directory, 'metadata'), join(moved, 'm'))
    await rename(join(lab.directory, 'data'), join(moved, 'd'))
    const roots = openRoots(join(moved, 'm'), join(moved, 'd'))
    const { reference } = await resolveRestore(roots, job, 'latest')
    expect(await verifySnapshot(reference, roots)).toMatchObject({ ok: true, files: 2 })
  })

  it('a checkpoint directory without its _execution is refused', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    const copy = await temporaryDirectory()
    await cp(join(lab.directory, 'metadata', job, 'e1', 'chk-2'), join(copy, 'chk-2'), { recursive: true })
    await expect(resolveRestore(lab.roots, job, join(copy, 'chk-2'))).rejects.toMatchObject(refusal('_execution'))
  })
})

describe('listings', () => {
  it('jobs, executions with their state, snapshots with what a person wants to know', async () => {
    const lab = await Lab.open()
    await run(lab, [2, 3], { retained: 2 })
    await append(lab.log(), closed(4, { alive: [2, 3] }))
    const from = restoredFrom(lab.reference(3))
    await run(lab, [5, 6], { execution: 'e2', retained: 1, record: { restoredFrom: from } })
    await run(lab, [2], { execution: 'gone', record: { createdAt: '2025-01-01T00:00:00.000Z' } })
    await append(lab.log('gone'), closed(3, { execution: 'gone', alive: [] }))
    await finishDeletion(lab.roots, job, 'gone')
    await discard(lab.roots, job, 'e2')
    await lab.roots.metadata.write('stray/file', Buffer.from('x'))
    await lab.roots.metadata.write('stray/folder/chk-1/_metadata', Buffer.from('x'))

    expect(await listJobs(lab.roots)).toEqual([job])
    const views = await listExecutions(lab.roots, job)
    expect(views.map(({ record, state, alive }) => [record.execution, state, alive])).toEqual([
      ['gone', 'deleted', []],
      ['e1', 'closed', [2, 3]],
      ['e2', 'open', [6]],
    ])
    expect(await retainedSnapshots(lab.roots, job)).toEqual([
      {
        number: 2,
        kind: 'checkpoint',
        execution: 'e1',
        uri: lab.reference(2).uri,
        at: '2026-01-01T00:00:01.000Z',
        records: 20,
        size: 10,
      },
      {
        number: 3,
        kind: 'checkpoint',
        execution: 'e1',
        uri: lab.reference(3).uri,
        at: '2026-01-01T00:00:01.000Z',
        records: 30,
        size: 10,
      },
      {
        number: 6,
        kind: 'checkpoint',
        execution: 'e2',
        uri: lab.reference(6, 'e2').uri,
        at: '2026-01-01T00:00:01.000Z',
        records: 60,
        size: 10,
      },
    ])
    expect(await listExecutions(lab.roots, 'nobody')).toEqual([])
  })

  it('a damaged record is an error that names it, not an execution less', async () => {
    const lab = await Lab.open()
    await run(lab, [2])
    await writeFile(join(lab.directory, 'metadata', job, 'e1', '_execution'), 'garbage')
    await expect(listExecutions(lab.roots, job)).rejects.toMatchObject({
      code: 'CheckpointDamaged',
      path: expect.stringContaining('_execution'),
    })
  })
})
