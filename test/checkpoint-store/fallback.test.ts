import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  chooseRestore,
  closedExecutions,
  closeOpenExecutions,
  pin,
  resolveRestore,
  verifySnapshot,
} from '../../src/checkpoint-store/index.js'
import { TidemarkError } from '../../src/errors.js'
import { append, checkpoint, claim, closed, job, Lab, restoredFrom, run } from './lab.js'

const pathOf = (lab: Lab, number: number, execution = 'e1') => fileURLToPath(lab.reference(number, execution).uri)
const recordOf = (lab: Lab, execution = 'e1') => join(lab.directory, 'metadata', job, execution, '_execution')

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 1
  await writeFile(path, bytes)
}

/** Three checkpoints with a state file each, none of them more than the others. */
async function three(closes = true): Promise<Lab> {
  const lab = await Lab.open()
  await run(lab, [2, 3, 4], { retained: 3 })
  if (closes) await append(lab.log(), closed(5, { alive: [2, 3, 4] }))
  return lab
}

const successor = { except: 'e9', at: '2026-01-02T00:00:00.000Z', nonce: 'n', reason: 'a successor began' }
const stateOf = (lab: Lab, number: number) => join(pathOf(lab, number), `${number}-0-0-op-a.state`)

describe('a fallback', () => {
  it('is none where what was asked for is valid', async () => {
    const lab = await three()
    const chosen = await chooseRestore(lab.roots, job, 'latest', true)
    expect(chosen.reference).toEqual(lab.reference(4))
    expect(chosen.skipped).toEqual([])
  })

  const damagedState = [
    ['a flipped bit in a state file', (lab: Lab) => flip(stateOf(lab, 4)), /checksum/],
    ['a truncated state file', (lab: Lab) => truncate(stateOf(lab, 4), 3), /has 3 bytes instead of/],
    ['a missing state file', (lab: Lab) => rm(stateOf(lab, 4)), /missing/],
  ] as const
  const damagedMetadata = [
    ['a flipped bit in the metadata', (lab: Lab) => flip(join(pathOf(lab, 4), '_metadata')), /_metadata is damaged/],
    ['empty metadata', (lab: Lab) => truncate(join(pathOf(lab, 4), '_metadata')), /_metadata is damaged/],
    ['missing metadata', (lab: Lab) => rm(join(pathOf(lab, 4), '_metadata')), /_metadata is not there/],
  ] as const
  const allWays = (lab: Lab) => ['latest', 'chk-4', lab.reference(4).uri]

  it.each([...damagedState, ...damagedMetadata])('steps back over %s', async (_, harm, reason) => {
    const lab = await three()
    await harm(lab)
    for (const from of allWays(lab)) {
      const chosen = await chooseRestore(lab.roots, job, from, true)
      expect(chosen.reference).toEqual(lab.reference(3))
      expect(chosen.entry.number).toBe(3)
      expect(chosen.skipped).toEqual([{ uri: lab.reference(4).uri, reason: expect.stringMatching(reason) }])
    }
  })

  it.each(damagedMetadata)('without it, %s is refused, and the refusal names where to go', async (_, harm) => {
    const lab = await three()
    await harm(lab)
    const advice = `The newest valid one is ${lab.reference(3).uri}, after \\d+ records: .*"tidemark resume ${job} --fallback"`
    for (const from of allWays(lab)) {
      await expect(chooseRestore(lab.roots, job, from, false)).rejects.toMatchObject({
        code: 'RestoreFailed',
        message: expect.stringMatching(new RegExp(advice)),
      })
    }
  })

  it.each(damagedState)('without it, %s is for the tasks to find, who read it anyhow', async (_, harm) => {
    const lab = await three()
    await harm(lab)
    const { reference, skipped } = await chooseRestore(lab.roots, job, 'latest', false)
    expect({ reference, skipped }).toEqual({ reference: lab.reference(4), skipped: [] })
  })

  it('goes on stepping back, and says all that it passed over', async () => {
    const lab = await three()
    await flip(stateOf(lab, 4))
    await rm(stateOf(lab, 3))
    const { reference, skipped } = await chooseRestore(lab.roots, job, 'latest', true)
    expect(reference).toEqual(lab.reference(2))
    expect(skipped.map(({ uri }) => uri)).toEqual([lab.reference(4).uri, lab.reference(3).uri])
    await rm(stateOf(lab, 2))
    await expect(chooseRestore(lab.roots, job, 'latest', true)).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringContaining('No older checkpoint of it is valid.'),
    })
  })

  it('follows the lineage before it tries other branches', async () => {
    const lab = await three()
    // e2 is another branch, younger than e1; e3 began from chk-3 of e1.
    await run(lab, [2], { execution: 'e2' })
    await append(lab.log('e2'), closed(3, { execution: 'e2', alive: [2] }))
    const from = restoredFrom(lab.reference(3))
    await lab.log('e3').create(lab.record('e3', { restoredFrom: from, createdAt: '2026-02-01T00:00:00.000Z' }))
    await append(lab.log('e3'), claim(4, { execution: 'e3' }))
    const state = await lab.stateFile(5, { execution: 'e3' })
    await append(lab.log('e3'), checkpoint(5, { execution: 'e3', claim: 4, state: [state] }))
    await append(lab.log('e3'), closed(6, { execution: 'e3', claim: 4, alive: [5] }))
    const choose = async () => (await chooseRestore(lab.roots, job, 'latest', true)).reference
    const damage = async (number: number, execution: string) =>
      flip(join(lab.directory, 'metadata', job, execution, `chk-${number}/_metadata`))
    expect(await choose()).toEqual(lab.reference(5, 'e3'))
    await damage(5, 'e3')
    // Not chk-4, which this branch does not descend from.
    expect(await choose()).toEqual(lab.reference(3))
    await damage(3, 'e1')
    expect(await choose()).toEqual(lab.reference(2))
    await damage(2, 'e1')
    expect(await choose()).toEqual(lab.reference(2, 'e2'))
    await damage(2, 'e2')
    expect(await choose()).toEqual(lab.reference(4))
  })

  it('passes over an execution whose record is damaged or gone, and never takes an older one without a word', async () => {
    for (const harm of [flip, rm]) {
      const lab = await three()
      const from = restoredFrom(lab.reference(4))
      await lab.log('e2').create(lab.record('e2', { restoredFrom: from, createdAt: '2026-02-01T00:00:00.000Z' }))
      await append(lab.log('e2'), claim(5, { execution: 'e2' }))
      await append(lab.log('e2'), checkpoint(6, { execution: 'e2', claim: 5 }))
      await harm(recordOf(lab, 'e2'))
      await expect(chooseRestore(lab.roots, job, 'latest', false)).rejects.toMatchObject({
        code: 'RestoreFailed',
        message: expect.stringMatching(/_execution is damaged: .*The newest valid one is \S+\/e1\/chk-4/),
      })
      const { reference, skipped } = await chooseRestore(lab.roots, job, 'latest', true)
      expect(reference).toEqual(lab.reference(4))
      expect(skipped).toEqual([{ uri: expect.stringMatching(/\/e2$/), reason: expect.stringContaining('_execution') }])
      // Nobody can write there any more: its output may be swept.
      expect((await closedExecutions(lab.roots, job, 'e9')).sort()).toEqual(['e1', 'e2'])
    }
  })

  it('is no answer to a store that does not answer', async () => {
    const lab = await three()
    await flip(stateOf(lab, 4))
    const silent = new TidemarkError('StorageUnavailable', 'No answer.')
    const metadata = Object.create(lab.roots.metadata, { list: { value: () => Promise.reject(silent) } })
    await expect(chooseRestore({ metadata, data: metadata }, job, 'latest', true)).rejects.toBe(silent)
  })

  it('is no answer to a checkpoint that is not there, or of a later version', async () => {
    const lab = await three()
    for (const from of ['chk-99', '/nowhere/chk-3', lab.reference(99).uri]) {
      const error = await chooseRestore(lab.roots, job, from, true).catch((error) => error)
      expect(error).toMatchObject({ code: 'RestoreFailed' })
      expect(error.message).not.toContain('newest valid')
    }
    const { canonicalJson } = await import('../../src/checkpoint/canonical-json.js')
    const { seal } = await import('../../src/checkpoint/sealed-json.js')
    await writeFile(join(pathOf(lab, 4), '_metadata'), seal(canonicalJson({ formatVersion: 3 })))
    await expect(chooseRestore(lab.roots, job, 'latest', true)).rejects.toMatchObject({ code: 'UnsupportedFormat' })
  })
})

describe('a log whose newest entry is damaged', () => {
  it('can be closed only over the damage, and then keeps all that it kept', async () => {
    const lab = await three(false)
    await flip(join(pathOf(lab, 4), '_metadata'))
    await expect(closeOpenExecutions(lab.roots, job, successor)).rejects.toMatchObject({ code: 'CheckpointDamaged' })
    await expect(append(lab.log(), checkpoint(5, {}))).rejects.toMatchObject({ code: 'CheckpointDamaged' })

    const over = { ...successor, overDamage: true }
    // Twice, as a retry would.
    for (const _ of [1, 2]) expect(await closeOpenExecutions(lab.roots, job, over)).toEqual(['e1'])
    const { newest } = await lab.log().observe()
    expect(newest).toMatchObject({ kind: 'closed', number: 5, alive: [2, 3, 4], ending: 'FAILED', by: 'successor' })
    expect((await resolveRestore(lab.roots, job, 'chk-3')).reference).toEqual(lab.reference(3))
    const { reference, skipped } = await chooseRestore(lab.roots, job, 'latest', true)
    expect({ reference, skipped: skipped.length }).toEqual({ reference: lab.reference(3), skipped: 1 })
    await pin(lab.roots, reference, { job, execution: 'e9' })
    expect(await verifySnapshot(reference)).toMatchObject({ ok: true })
    // The owner that wakes up is fenced.
    expect(await lab.log().append(checkpoint(5, {}))).toMatchObject({ outcome: 'taken' })
  })

  it('is closed once by two that come at once', async () => {
    const lab = await three(false)
    await flip(join(pathOf(lab, 4), '_metadata'))
    const closing = (except: string) =>
      closeOpenExecutions(lab.roots, job, { ...successor, except, nonce: except, overDamage: true })
    await Promise.all([closing('e8'), closing('e9')])
    expect((await lab.log().observe()).newest).toMatchObject({ kind: 'closed', number: 5 })
  })
})
