import { describe, expect, it } from 'vitest'
import { discard, finishDeletion } from '../../src/checkpoint-store/index.js'
import { freezingFileSystem, steppingFileSystem, unsyncedFileSystem } from '../storage/stepping-file-system.js'
import { append, checkpoint, claim, closed, job, Lab, run } from './lab.js'

/** Claim 1, and checkpoints 2 to 5 of which three are kept. */
async function threeKept(): Promise<Lab> {
  const lab = await Lab.open()
  await run(lab, [2, 3, 4, 5], { retained: 3 })
  await discard(lab.roots, job, 'e1')
  return lab
}

describe('an append', () => {
  it('looks at its own number, the one before it and higher ones, however many are kept', async () => {
    const disk = await threeKept()
    const looked: string[] = []
    const lab = disk.through(
      steppingFileSystem(({ call, path }) => {
        if (call === 'readFolder' || call === 'readFile') looked.push(path.slice(path.indexOf('/e1') + 3))
      }, unsyncedFileSystem),
    )
    await disk.roots.metadata.write(`${job}/e1/chk-6/part-0-h.json`, Buffer.from('a part'))
    const entry = checkpoint(6, { alive: [4, 5, 6] })
    const ground = await lab.log().groundFor(6)
    expect(ground).toMatchObject({ record: { state: 'live' }, numbers: [5], newest: { number: 5 } })
    expect(looked.splice(0).sort()).toEqual(['', '/_execution', '/chk-5', '/chk-5/_metadata', '/chk-6'])
    expect(await lab.log().append(entry, ground)).toEqual({ outcome: 'appended' })
    expect(looked).toEqual(['', '/chk-6', '/_execution'])
  })

  it('looks at all of the log before it says that it would leave a hole', async () => {
    const lab = await threeKept()
    await expect(lab.log().append(checkpoint(8))).rejects.toMatchObject({
      code: 'InvariantBroken',
      message: expect.stringContaining('the next number is 6'),
    })
  })

  it('of an old number learns whose it is, or that it was passed', async () => {
    const lab = await threeKept()
    expect(await lab.log().append(claim(4, { run: 'run-b' }))).toMatchObject({ outcome: 'taken', by: { number: 4 } })
    expect(await lab.log().append(claim(2, { run: 'run-b' }))).toMatchObject({ outcome: 'fenced', by: { number: 5 } })
  })
})

describe('what happens after the ground was looked at is noticed:', () => {
  const late = checkpoint(6, { alive: [6] })

  it('another owner took the number', async () => {
    const lab = await threeKept()
    const ground = await lab.log().groundFor(6)
    await append(lab.log(), claim(6, { run: 'run-b', alive: [5] }))
    expect(await lab.log().append(late, ground)).toMatchObject({ outcome: 'taken', by: { kind: 'claim' } })
  })

  it('its own first try got through', async () => {
    const lab = await threeKept()
    const ground = await lab.log().groundFor(6)
    await append(lab.log(), late)
    expect(await lab.log().append(late, ground)).toEqual({ outcome: 'appended' })
  })

  it('the number was passed and discarded', async () => {
    const lab = await threeKept()
    const ground = await lab.log().groundFor(6)
    await append(lab.log(), claim(6, { run: 'run-b', alive: [5] }))
    await append(lab.log(), checkpoint(7, { run: 'run-b', claim: 6, alive: [7] }))
    await discard(lab.roots, job, 'e1')
    expect(await lab.log().append(late, ground)).toMatchObject({ outcome: 'fenced', by: { number: 7 } })
  })

  it('the execution was deleted', async () => {
    const lab = await threeKept()
    const ground = await lab.log().groundFor(6)
    await append(lab.log(), closed(6, { alive: [] }))
    await finishDeletion(lab.roots, job, 'e1')
    expect(await lab.log().append(late, ground)).toMatchObject({ outcome: 'fenced' })
  })
})

it('that lands after its number was discarded does not count, however torn its listing is', async () => {
  const lab = await threeKept()
  const ground = await lab.log().groundFor(6)
  await append(lab.log(), claim(6, { run: 'run-b', alive: [5] }))
  await append(lab.log(), checkpoint(7, { run: 'run-b', claim: 6, alive: [7] }))
  await lab.roots.metadata.write(`${job}/e1/chk-7/part-0-h.json`, Buffer.from('a part'))
  await discard(lab.roots, job, 'e1')
  // Its check has seen the folder of entry 7. Before it looks into that, entry 8 is appended, and 7 goes, whose part has not gone yet.
  const { fs, frozen, release } = freezingFileSystem(
    ({ call, path }) => call === 'readFolder' && path.endsWith('chk-7'),
  )
  const outcome = lab
    .through(fs)
    .log()
    .append(checkpoint(6, { alive: [6] }), ground)
  await frozen
  await append(lab.log(), checkpoint(8, { run: 'run-b', claim: 6, alive: [8] }))
  await lab.roots.metadata.delete(`${job}/e1/chk-7/_metadata`)
  release()
  expect(await outcome).toMatchObject({ outcome: 'fenced', by: { number: 8 } })
})
