import { cp, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  type FoundExecution,
  findExecutions,
  isPath,
  locate,
  type Place,
  placeOfJob,
} from '../../src/cli/find-checkpoints.js'
import { append, closed, job, Lab, restoredFrom, run } from '../checkpoint-store/lab.js'

async function all(place: Place): Promise<FoundExecution[]> {
  const found: FoundExecution[] = []
  for await (const one of findExecutions(place)) {
    if ('error' in one) throw new Error(one.error)
    found.push(one)
  }
  return found
}

/** Two executions, the second from the first's chk-3, which was cancelled. */
async function twoExecutions(): Promise<Lab> {
  const lab = await Lab.open()
  await run(lab, [2, 3], { retained: 2 })
  await append(lab.log(), closed(4, { alive: [2, 3], claim: 1 }))
  await run(lab, [5], { execution: 'e2', record: { restoredFrom: restoredFrom(lab.reference(3)) } })
  return lab
}

const numbers = (found: readonly FoundExecution[]) =>
  found.map(({ execution, checkpoints }) => [execution, checkpoints.map(({ number }) => number)])

it('finds all that is kept, by lineage, with what there is to know', async () => {
  const lab = await twoExecutions()
  const [first, second] = await all({ roots: lab.roots })
  expect(first).toEqual({
    job,
    execution: 'e1',
    uri: `${lab.roots.metadata.uri}/${job}/e1`,
    definition: 'flights',
    state: 'closed',
    ending: 'CANCELED',
    createdAt: '2026-01-01T00:00:00.000Z',
    checkpoints: [2, 3].map((number) => ({
      number,
      kind: 'checkpoint',
      completedAt: '2026-01-01T00:00:01.000Z',
      records: number * 10,
      size: 'state of 2'.length,
      uri: lab.reference(number).uri,
    })),
    damaged: [],
  })
  expect(second).toMatchObject({ execution: 'e2', state: 'open', restoredFrom: lab.reference(3).uri })
})

it('takes the directory of all jobs, of one, and of an execution', async () => {
  const lab = await twoExecutions()
  const root = join(lab.directory, 'metadata')
  const every = [
    ['e1', [2, 3]],
    ['e2', [5]],
  ]
  expect(numbers(await all(await locate(root)))).toEqual(every)
  expect(numbers(await all(await locate(join(root, job))))).toEqual(every)
  expect(numbers(await all(await locate(join(root, job, 'e2'))))).toEqual([['e2', [5]]])
})

it('takes a copy elsewhere for what it is', async () => {
  const lab = await twoExecutions()
  const copy = join(lab.directory, 'copy')
  await cp(join(lab.directory, 'metadata', job), join(copy, 'flights-of-may'), { recursive: true })
  await rename(join(lab.directory, 'metadata'), join(lab.directory, 'gone'))
  expect(numbers(await all(await locate(copy)))).toEqual([
    ['e1', [2, 3]],
    ['e2', [5]],
  ])
})

it('says what a directory is that holds none', async () => {
  const lab = await twoExecutions()
  await expect(locate(join(lab.directory, 'metadata', job, 'e1', 'chk-3'))).rejects.toThrow(
    /chk-3 holds no executions: it is a checkpoint itself: see it with "tidemark checkpoints inspect/,
  )
  await expect(locate(join(lab.directory, 'nothing'))).rejects.toThrow(
    /holds no executions: give the directory of all jobs/,
  )
})

it('reports a checkpoint that cannot be read, and shows the others', async () => {
  const lab = await twoExecutions()
  await writeFile(join(lab.directory, 'metadata', job, 'e1', 'chk-2', '_metadata'), '{"formatVersion": 1')
  const [first] = await all({ roots: lab.roots })
  expect(first?.checkpoints.map(({ number }) => number)).toEqual([3])
  expect(first?.damaged.map(({ number }) => number)).toEqual([2])
})

it('an execution whose newest entry is damaged hides no other job', async () => {
  const lab = await twoExecutions()
  await writeFile(join(lab.directory, 'metadata', job, 'e2', 'chk-5', '_metadata'), 'x')
  const found = []
  for await (const one of findExecutions({ roots: lab.roots })) found.push(one)
  expect(found).toEqual([{ job, error: expect.stringContaining('chk-5/_metadata') }])
})

it('knows a job by its id, and names those there are', async () => {
  const lab = await twoExecutions()
  expect(await placeOfJob(lab.roots, job)).toEqual({ roots: lab.roots, job })
  await expect(placeOfJob(lab.roots, 'flihgts')).rejects.toThrow(
    /"flihgts" has no checkpoints in .*jobs that have some: flights.*write .\/flihgts/,
  )
})

it.each([
  ['ck/', true],
  ['./ck', true],
  ['.', true],
  ['file:///ck', true],
  ['flights', false],
  ['flights.2', false],
])('%s is a path: %s', (text, path) => expect(isPath(text)).toBe(path))
