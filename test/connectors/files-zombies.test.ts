import { join } from 'node:path'
import { expect, test } from 'vitest'
import { localFileSystem } from '../../src/connectors/files/file-system.js'
import { files, filesSink } from '../../src/connectors/files/files.js'
import { TidemarkError } from '../../src/errors.js'
import { holding } from './faulty-file-system.js'
import { namesIn, readCommitted } from './files-place.js'
import { scratch } from './scratch.js'
import { TinyJob } from './tiny-job.js'

/** A process that is stopped in the middle of something, believed dead, and goes on much later. */
const isPublication = (step: string) => /^move \S*\/out\/pending\/part-/.test(step)
const isPreparation = (step: string) => /^move .*\/in-progress\/open-.* -> .*\/pending\//.test(step)
const isSweepOfCommitted = (step: string) => /^move .*\/out\/part-.* -> .*\/superseded\/committed\//.test(step)

test('a commit that wakes after another execution has gone on from before it changes nothing', async () => {
  const directory = join(scratch(), 'out')
  const job = new TinyJob()
  const held = holding(isPublication)
  const zombie = job.begin(filesSink(directory, held), undefined)
  await zombie.start()
  const start = zombie.publish(await zombie.cut())
  zombie.write(1)
  zombie.publish(await zombie.cut())
  const late = zombie.commit()
  await held.reached

  const next = job.begin(files(directory), start)
  expect(await next.start()).toMatchObject({ superseded: 1 })
  next.write(10)
  await next.checkpoint()
  held.letGo()

  await expect(late).rejects.toMatchObject({ code: 'Fenced' })
  next.write(11)
  await next.checkpoint()
  expect(readCommitted(directory)).toEqual([10, 11])
  await Promise.all([zombie.close(), next.close()])
})

test('a commit that wakes after another execution has finished it finds it done', async () => {
  const directory = join(scratch(), 'out')
  const job = new TinyJob()
  const held = holding(isPublication)
  const zombie = job.begin(filesSink(directory, held), undefined)
  await zombie.start()
  zombie.write(1)
  const snapshot = zombie.publish(await zombie.cut())
  const late = zombie.commit()
  await held.reached

  const next = job.begin(files(directory), snapshot)
  expect(await next.start()).toMatchObject({ finishedCommits: 1 })
  next.write(2)
  await next.checkpoint()
  held.letGo()

  await late
  expect(readCommitted(directory)).toEqual([1, 2])
  await Promise.all([zombie.close(), next.close()])
})

test('a commit that wakes between the two sweeps is seen by the second', async () => {
  const directory = join(scratch(), 'out')
  const job = new TinyJob()
  const zombie = job.begin(files(directory), undefined)
  await zombie.start()
  const start = zombie.publish(await zombie.cut())
  zombie.write(1)
  zombie.publish(await zombie.cut())

  // The sweep has listed what is pending and is about to take it away: just then the zombie commits.
  const held = holding((step) => step.startsWith('move') && step.includes('/superseded/pending/'))
  const next = job.begin(filesSink(directory, held), start)
  const starting = next.start()
  await held.reached
  await zombie.commit()
  expect(readCommitted(directory)).toEqual([1])
  held.letGo()

  await starting
  expect(readCommitted(directory)).toEqual([])
  await Promise.all([zombie.close(), next.close()])
})

test('a run that was reset wakes with the same numbers: nothing of it is ever seen', async () => {
  const directory = join(scratch(), 'out')
  const job = new TinyJob()
  const held = holding(isPreparation)
  const runA = job.begin(filesSink(directory, held), undefined)
  await runA.start()
  runA.write(1)
  const prepared = runA.writer.cut(2)
  await held.reached

  // Run B of the same execution, whose first snapshots have the numbers that run A has taken, and the same attempt.
  const runB = job.begin(files(directory), undefined)
  const context = { ...runA.context, claim: 2 }
  const scope = { ...context, ancestry: [], commits: [], closedExecutions: [] }
  await files(directory).recover?.(scope)
  const writer = await files(directory).open(context)
  for (const number of [2, 3]) {
    writer.write({ value: number * 10 })
    await writer.commit(await writer.cut(number))
  }
  held.letGo()

  await expect(prepared).rejects.toMatchObject({ code: 'Fenced' })
  expect(() => runA.writer.write({ value: 2 })).toThrow('was taken away')
  expect(readCommitted(directory)).toEqual([20, 30])
  expect(namesIn(directory, 'pending')).toEqual([])
  await Promise.all([runA.close(), runB.close(), writer.close()])
})

test('two writers with the same numbers never make the same name', async () => {
  const directory = join(scratch(), 'out')
  const { context } = new TinyJob().begin(files(directory), undefined)
  const writers = await Promise.all([files(directory).open(context), files(directory).open(context)])
  for (const [index, writer] of writers.entries()) writer.write({ value: index })
  const [first, second] = await Promise.all(writers.map((writer) => writer.cut(2)))
  expect(namesIn(directory, 'pending')).toHaveLength(2)
  await Promise.all([writers[0]?.commit(first ?? []), writers[1]?.commit(second ?? [])])
  expect(readCommitted(directory).sort()).toEqual([0, 1])
  await Promise.all(writers.map((writer) => writer.close()))
})

test('a recovery that wakes among the output of a newer one stops before it hides any', async () => {
  const directory = join(scratch(), 'out')
  const job = new TinyJob()
  const first = job.begin(files(directory), undefined)
  await first.start()
  for (const value of [1, 2, 3]) {
    first.write(value)
    await first.checkpoint()
  }
  await first.close()
  const [one, , three] = job.snapshots

  let closed = false
  // It has no commits to finish: the sweep is the first that it would change.
  const zombie = job.begin(files(directory), one === undefined ? undefined : { ...one, commits: [] })
  let wake = () => {}
  const asleep = new Promise<void>((resolve) => {
    wake = resolve
  })
  let fallAsleep = () => {}
  const fellAsleep = new Promise<void>((resolve) => {
    fallAsleep = resolve
  })
  const sweeping = zombie.start({
    confirm: async () => {
      fallAsleep()
      await asleep
      if (closed) throw new TidemarkError('Fenced', 'The execution was closed.')
    },
  })
  await fellAsleep

  closed = true
  const next = job.begin(files(directory), three)
  await next.start()
  wake()
  await expect(sweeping).rejects.toMatchObject({ code: 'Fenced' })
  expect(readCommitted(directory)).toEqual([1, 2, 3])
  await next.close()
})

test('a sweep decided upon before its file came back finds nothing to hide', async () => {
  const directory = join(scratch(), 'out')
  const job = new TinyJob()
  const first = job.begin(files(directory), undefined)
  await first.start()
  first.write(1)
  const one = await first.checkpoint()
  await first.close()

  const held = holding(isSweepOfCommitted)
  const zombie = job.begin(filesSink(directory, held), undefined)
  const sweeping = zombie.start()
  await held.reached

  const afresh = job.begin(files(directory), undefined)
  await afresh.start()
  await afresh.close()
  const next = job.begin(files(directory), one)
  expect(await next.start()).toMatchObject({ broughtBack: 1 })
  held.letGo()
  expect((await sweeping)?.superseded).toBe(0)
  expect(readCommitted(directory)).toEqual([1])
  await Promise.all([zombie.close(), next.close()])
})

test('a writer whose file could not be made durable goes no further', async () => {
  const directory = join(scratch(), 'out')
  let full = false
  const disk = {
    ...localFileSystem,
    sync: async (file: number) => {
      if (full) throw new Error('ENOSPC: no space left on device')
      await localFileSystem.sync(file)
    },
  }
  const run = new TinyJob().begin(filesSink(directory, disk), undefined)
  await run.start()
  full = true
  run.write(1)
  await expect(run.cut()).rejects.toThrow('ENOSPC')
  expect(() => run.writer.write({ value: 2 })).toThrow('ENOSPC')
  await expect(run.writer.cut(9)).rejects.toThrow('ENOSPC')
  await run.close()
  expect(readCommitted(directory)).toEqual([])
})
