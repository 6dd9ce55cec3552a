import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { closeOpenExecutions, refuseLateStart, resolveRestore } from '../../src/checkpoint-store/index.js'
import { append, closed, job, Lab, restoredFrom, run } from './lab.js'

const closeFor = (lab: Lab, except: string) =>
  closeOpenExecutions(lab.roots, job, { except, at: '2026-01-02T00:00:00.000Z', nonce: except, reason: 'it began' })

/** e1 has ended; e2 was given up after it had closed e1, and e3 has begun and taken checkpoints. */
async function overtaken(): Promise<Lab> {
  const lab = await Lab.open()
  await run(lab, [2])
  await closeFor(lab, 'e2')
  await closeFor(lab, 'e3')
  await run(lab, [4], { execution: 'e3', record: { restoredFrom: restoredFrom(lab.reference(2)) } })
  return lab
}

it('refuses to begin from what a later start has made, as long as that one runs', async () => {
  const lab = await overtaken()
  const { reference } = await resolveRestore(lab.roots, job, 'latest')
  expect(reference).toEqual(lab.reference(4, 'e3'))
  await expect(refuseLateStart(lab.roots, job, reference)).rejects.toMatchObject({
    code: 'ExecutionClosed',
    message: `Execution e3 of job "${job}" has begun since: this start comes too late, and does nothing.`,
  })
  await append(lab.log('e3'), closed(5, { execution: 'e3', claim: 3, alive: [4] }))
  await refuseLateStart(lab.roots, job, reference)
})

it('has nothing against what has ended, another job, or a copy', async () => {
  const lab = await overtaken()
  await refuseLateStart(lab.roots, job, lab.reference(2))
  await refuseLateStart(lab.roots, 'a-fork', lab.reference(4, 'e3'))
  const copied = join(lab.directory, 'copies', 'e3')
  await cp(join(lab.directory, 'metadata', job, 'e3'), copied, { recursive: true })
  const { reference } = await resolveRestore(lab.roots, job, join(copied, 'chk-4'))
  expect(reference.uri).toBe(`${pathToFileURL(copied).href}/chk-4`)
  await refuseLateStart(lab.roots, job, reference)
})
