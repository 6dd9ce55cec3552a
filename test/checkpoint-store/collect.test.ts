import { mkdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeEntry } from '../../src/checkpoint/codecs.js'
import type { WorkflowFact } from '../../src/checkpoint/collection.js'
import {
  type CollectOptions,
  type CollectReport,
  closedExecutions,
  closeOpenExecutions,
  collect,
  finishDeletion,
  pin,
  readAudit,
  verifySnapshot,
  viewTolerantly,
} from '../../src/checkpoint-store/index.js'
import { TidemarkError } from '../../src/errors.js'
import { append, checkpoint, claim, closed, job, Lab, restoredFrom, run } from './lab.js'

const day = 24 * 60 * 60 * 1000
const ended: WorkflowFact = { kind: 'ended', ending: 'FAILED', why: 'its workflow was terminated' }
const running: WorkflowFact = { kind: 'running' }

let nonces = 0

/** A collector that deletes, now, and to whom Temporal says the same of every workflow. */
function gc(lab: Lab, workflow?: WorkflowFact, more: Partial<CollectOptions> = {}): Promise<CollectReport> {
  const nonce = `n${nonces++}`
  return collect(lab.roots, {
    delete: true,
    now: Date.now(),
    context: { who: 'tester@here', at: '2026-01-03T00:00:00.000Z', nonce },
    ...(workflow && { workflow: async () => workflow }),
    ...more,
  })
}

/** Names below the roots, but for the audit. */
async function filesOf(lab: Lab): Promise<string[]> {
  return (await lab.files()).filter((name) => !name.startsWith('metadata/_audit/'))
}

async function action(report: CollectReport, execution = 'e1') {
  const found = report.executions.find((one) => one.execution === execution)
  return found?.reason ?? found?.action
}

describe.each([false, true])('roots apart: %s', (apart) => {
  it('leaves an open log alone whose workflow runs, and one of which nobody can tell', async () => {
    const lab = await Lab.open(apart)
    await run(lab, [2, 3, 4])
    const before = await filesOf(lab)
    expect(await action(await gc(lab, running))).toBe('running')
    expect(await action(await gc(lab))).toBe('uncertain')
    expect(await action(await gc(lab, { kind: 'unknown', why: 'the server has never heard of it' }))).toBe('uncertain')
    expect(await lab.files()).toEqual(before)
  })

  it('closes a log whose workflow has ended, by the retention table, and deletes what that drops', async () => {
    for (const [policy, kept] of [
      ['RETAIN_ON_CANCELLATION', [3, 4]],
      ['DELETE_ON_CANCELLATION', [3, 4]],
      ['NO_EXTERNALIZED_CHECKPOINTS', []],
    ] as const) {
      const lab = await Lab.open(apart)
      await run(lab, [2, 3, 4], { retained: 2, record: { policy } })
      const report = await gc(lab, ended)
      expect(report.problems).toEqual([])
      expect((await lab.log().snapshots()).snapshots.map(({ number }) => number)).toEqual(kept)
      for (const number of kept) expect(await verifySnapshot(lab.reference(number))).toMatchObject({ ok: true })
      if (kept.length > 0) {
        expect((await lab.log().observe()).newest).toMatchObject({ number: 5, ending: 'FAILED', by: 'collector' })
      } else expect(await filesOf(lab)).toEqual([`metadata/${job}/e1/_execution`])
      // What still runs there is fenced.
      const late = await lab.log().append(checkpoint(5, { run: 'late' }))
      expect(late.outcome).not.toBe('appended')
      expect((await gc(lab, ended)).files).toBe(0)
    }
  })

  it('a dry run tells the same and changes nothing', async () => {
    const lab = await Lab.open(apart)
    await run(lab, [2, 3, 4], { retained: 2, record: { policy: 'NO_EXTERNALIZED_CHECKPOINTS' } })
    await lab.stateFile(3, { content: 'left behind' })
    await run(lab, [2, 3], { execution: 'e2' })
    await append(lab.log('e2'), closed(4, { execution: 'e2', alive: [3] }))
    const before = await lab.files()
    const plan = await gc(lab, ended, { delete: false })
    expect(await lab.files()).toEqual(before)
    const { executions, files, bytes } = await gc(lab, ended)
    // The pretended entry is one file more, once it is there.
    expect({ files: files - 1, bytes: bytes > plan.bytes }).toEqual({ files: plan.files, bytes: true })
    const told = ({ action, alive, recorded }: (typeof executions)[number]) => ({ action, alive, recorded })
    expect(executions.map(told)).toEqual(plan.executions.map(told))
  })

  it('finishes a deletion and a discard that were cut short', async () => {
    const lab = await Lab.open(apart)
    await run(lab, [2, 3])
    await append(lab.log(), closed(4, { alive: [] }))
    await run(lab, [2, 3, 4], { execution: 'e2', retained: 2 })
    await append(lab.log('e2'), closed(5, { execution: 'e2', alive: [4] }))
    await gc(lab)
    expect((await lab.log().record())?.state).toBe('deleted')
    expect((await filesOf(lab)).filter((name) => name.includes('/e1/'))).toEqual([`metadata/${job}/e1/_execution`])
    expect((await filesOf(lab)).filter((name) => /e2\/chk-[23]/.test(name))).toEqual([])
    expect(await verifySnapshot(lab.reference(4, 'e2'))).toMatchObject({ ok: true })
  })

  it('takes tombstones of an age away, and remembers whose they were', async () => {
    const lab = await Lab.open(apart)
    await run(lab, [2])
    await append(lab.log(), closed(3, { alive: [] }))
    await finishDeletion(lab.roots, job, 'e1')
    expect(await action(await gc(lab))).toBe('tombstone')
    expect(await action(await gc(lab, running, { now: Date.now() + 8 * day }))).toBe('forget')
    expect((await filesOf(lab)).filter((name) => !name.includes('/_collected/'))).toEqual([])
    // A write that comes even later finds no execution, and goes with the next run.
    await lab.stateFile(2)
    await lab.roots.metadata.write(`${job}/e1/chk-9/_metadata`, encodeEntry(checkpoint(9)))
    expect(await viewTolerantly(lab.roots, job)).toEqual([])
    const report = await gc(lab)
    expect(report.leftovers).toMatchObject([{ removed: true, files: 2 }])
    expect((await filesOf(lab)).filter((name) => !name.includes('/_collected/'))).toEqual([])
  })

  it('removes pins whose holder has ended or goes on by itself, and no other', async () => {
    const lab = await Lab.open(apart)
    await run(lab, [2, 3, 4], { retained: 3 })
    await append(lab.log(), closed(5, { alive: [2, 3, 4] }))
    const holders = { over: [], 'goes-on': [], waits: [], 'not-yet': [], foreign: [] }
    for (const execution of Object.keys(holders)) await pin(lab.roots, lab.reference(3), { job, execution })
    const record = { restoredFrom: restoredFrom(lab.reference(3)) }
    await run(lab, [], { execution: 'over', record })
    await append(lab.log('over'), closed(5, { execution: 'over', claim: 4 }))
    await run(lab, [5], { execution: 'goes-on', record })
    await run(lab, [], { execution: 'waits', record })
    const facts: Record<string, WorkflowFact> = { waits: running, 'not-yet': running, 'goes-on': running }
    const workflow = async (_: string, execution: string): Promise<WorkflowFact> =>
      facts[execution] ?? { kind: 'unknown', why: 'not found' }
    const { pins } = await gc(lab, undefined, { workflow })
    expect(pins.filter(({ stale }) => stale).map(({ holder }) => holder)).toEqual([`${job}/goes-on`, `${job}/over`])
    const left = (await lab.files()).flatMap((name) => /\/pins\/([^.]+)/.exec(name)?.[1] ?? [])
    expect(left).toEqual(['foreign', 'not-yet', 'waits'])
    // One that never came to be, for certain.
    facts['not-yet'] = ended
    expect((await gc(lab, undefined, { workflow })).pins.filter(({ stale }) => stale)).toHaveLength(1)
  })

  it('deletes nothing of an execution that cannot be read, and reports what it does not know', async () => {
    const lab = await Lab.open(apart)
    await run(lab, [2, 3, 4])
    await lab.roots.metadata.write(`${job}/e1/chk-4/_metadata`, Buffer.from('garbage'))
    await run(lab, [2, 3], { execution: 'e2' })
    await append(lab.log('e2'), closed(4, { execution: 'e2', alive: [] }))
    await lab.roots.metadata.write(`${job}/e2/notes.txt`, Buffer.from('mine'))
    await lab.roots.metadata.write('notes.txt', Buffer.from('mine'))
    await lab.roots.metadata.write('backup/2026/flights/e1/_execution', Buffer.from('mine'))
    await lab.stateFile(7, { execution: 'never-began' })
    const before = await lab.files()
    const report = await gc(lab, ended)
    const gone = (name: string) => /\/e2\/(?!_execution|notes)/.test(name)
    expect(await filesOf(lab)).toEqual(before.filter((name) => !gone(name)))
    expect(await action(report)).toBe('unreadable')
    expect(report.unknown.map((uri) => uri.slice(lab.roots.metadata.uri.length + 1))).toEqual([
      'backup/2026/flights/e1/_execution',
      `${job}/e2/notes.txt`,
      'notes.txt',
    ])
    expect(report.leftovers).toMatchObject([{ removed: false, files: 1 }])
  })

  it('removes what storage probes left, once nobody can be at it', async () => {
    const lab = await Lab.open(apart)
    for (const root of [lab.roots.metadata, lab.roots.data]) await root.write('_probe-x/written', Buffer.from('probe'))
    expect((await gc(lab)).leftovers).toMatchObject([{ removed: false }])
    expect((await gc(lab, running, { now: Date.now() + 2 * day })).leftovers).toMatchObject([{ removed: true }])
    expect(await filesOf(lab)).toEqual([])
  })

  it('keeps what has unfinished output, and says who can finish it', async () => {
    const lab = await Lab.open(apart)
    await run(lab, [2])
    await append(lab.log(), checkpoint(3, { alive: [2, 3], committedThrough: 2, state: [await lab.stateFile(3)] }))
    await append(lab.log(), { ...closed(4, { alive: [3], committedThrough: 2 }), intendedAlive: [] })
    const [first] = (await gc(lab)).executions
    expect(first).toMatchObject({ action: 'discard', alive: [3], finish: { number: 3, definition: 'flights' } })
    expect(await action(await gc(lab))).toBe('unfinished')
    // A later execution decides what the output is; before it has a checkpoint nothing is known.
    await run(lab, [], { execution: 'e2', record: { createdAt: '2026-01-02T00:00:00.000Z' } })
    const [second] = (await gc(lab, running)).executions
    expect(second).toMatchObject({ reason: 'unfinished', alive: [3] })
    expect(second).not.toHaveProperty('finish')
    await append(lab.log('e2'), checkpoint(2, { execution: 'e2' }))
    expect(await action(await gc(lab, running))).toBe('delete')
    expect((await lab.log().record())?.state).toBe('deleted')
  })

  it('a cancel that could not be recorded keeps all, unless what it asked for is known', async () => {
    for (const [retention, kept] of [
      [undefined, [2]],
      ['RETAIN', [2]],
      ['DELETE', []],
    ] as const) {
      const lab = await Lab.open(apart)
      await run(lab, [2], { record: { policy: 'DELETE_ON_CANCELLATION' } })
      await gc(lab, { kind: 'ended', ending: 'CANCELED', why: 'cancelled', ...(retention && { retention }) })
      expect((await lab.log().snapshots()).snapshots.map(({ number }) => number)).toEqual(kept)
    }
  })
})

it('every deletion is written down before it happens, with who and why', async () => {
  const lab = await Lab.open()
  await run(lab, [2, 3])
  await append(lab.log(), closed(4, { alive: [] }))
  const { files, bytes, audit } = await gc(lab)
  expect(audit).toHaveLength(1)
  const lines = await readAudit(lab.roots.metadata, 10)
  expect(lines).toMatchObject([{ who: 'tester@here', action: 'delete', job, execution: 'e1', state: 'done', bytes }])
  expect(lines[0]?.files).toHaveLength(files)
  expect(lines[0]?.files).toContain('chk-4/_metadata')
  expect((await gc(lab)).audit).toEqual([])
})

it('what a dead process left half-written goes with a line as well, wherever it is', async () => {
  const lab = await Lab.open(true)
  await run(lab, [2, 3])
  // Of a machine that is not this one, and old.
  const dead = '.tmp-00000000-1-left'
  const places = ['metadata/flights/e1', 'data/flights/e1/shared', 'data/elsewhere'].map((place) =>
    join(lab.directory, place),
  )
  for (const place of places) {
    await mkdir(place, { recursive: true })
    await writeFile(join(place, dead), 'half')
    await utimes(join(place, dead), 0, 0)
  }
  await gc(lab)
  const lines = await readAudit(lab.roots.metadata, 10)
  expect(lines).toEqual(lines.map(() => expect.objectContaining({ action: 'remove-leftover', state: 'done' })))
  expect(lines.flatMap(({ uri, files }) => files.map((file) => `${uri}/${file}`)).sort()).toEqual(
    places.map((place) => `file://${place}/${dead}`).sort(),
  )
  for (const place of places) await expect(stat(join(place, dead))).rejects.toMatchObject({ code: 'ENOENT' })
  await gc(lab)
  expect(await readAudit(lab.roots.metadata, 10)).toHaveLength(lines.length)
})

it('where unfinished writes cannot be looked for, what was deleted is told all the same, and the problem too', async () => {
  const lab = await Lab.open()
  await run(lab, [2, 3])
  await append(lab.log(), closed(4, { alive: [] }))
  const { metadata } = lab.roots
  const tidy = metadata.tidy.bind(metadata)
  metadata.tidy = async (folder, writers) => {
    if (folder === '') throw new TidemarkError('StorageUnavailable', 'Cannot tidy.')
    return tidy(folder, writers)
  }
  expect(await gc(lab)).toMatchObject({ problems: ['Cannot tidy.'], audit: [expect.any(String)] })
  expect(await readAudit(metadata, 10)).toMatchObject([{ action: 'delete', state: 'done' }])
})

it('a collector that is tried again, by the same name and at the same time, leaves what the first try has told', async () => {
  const lab = await Lab.open()
  const context = { who: 'workflow gc', at: '2026-01-03T00:00:00.000Z', nonce: 'again' }
  const written: string[] = []
  for (const execution of ['e1', 'e2', 'e3']) {
    await run(lab, [2], { execution })
    const { audit } = await gc(lab, ended, { context })
    expect(audit).toHaveLength(1)
    written.push(...audit)
  }
  expect(new Set(written).size).toBe(3)
  const lines = await readAudit(lab.roots.metadata, 10)
  expect(new Set(lines.map(({ execution }) => execution))).toEqual(new Set(['e1', 'e2', 'e3']))
})

it('a new execution closes and sweeps as if the collected one were still there', async () => {
  const lab = await Lab.open()
  await run(lab, [2])
  await append(lab.log(), closed(3, { alive: [] }))
  await gc(lab)
  await gc(lab, running, { now: Date.now() + 8 * day })
  await lab.log('e2').create(lab.record('e2'))
  expect(await closedExecutions(lab.roots, job, 'e2')).toEqual(['e1'])
  const successor = { except: 'e2', at: '2026-01-02T00:00:00.000Z', nonce: 'n', reason: 'e2 begins' }
  await closeOpenExecutions(lab.roots, job, successor)
  expect(await lab.log('e2').append(claim(1, { execution: 'e2' }))).toEqual({ outcome: 'appended' })
})

it('the output of a copy is not its own: nobody is asked to finish it', async () => {
  const lab = await Lab.open()
  await run(lab, [2])
  const end = closed(3, { alive: [2], committedThrough: 1 })
  await append(lab.log(), { ...end, by: 'operator', reason: 'copied from elsewhere' })
  const elsewhere = { roots: { metadata: 'file:///elsewhere', data: 'file:///elsewhere' } }
  await run(lab, [2], { execution: 'e2', record: elsewhere })
  await append(lab.log('e2'), { ...end, execution: 'e2' })
  for (const one of (await gc(lab)).executions) expect(one).not.toHaveProperty('finish')
})
