import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Bench, Run } from '../engine/harness.js'

/** State on a disk of its own that is really full. Mounting takes root. */

const run = promisify(execFile)
const asRoot = (name: string, ...args: string[]) =>
  process.getuid?.() === 0 ? run(name, args) : run('sudo', ['-n', name, ...args])

let bench: Bench

beforeAll(async () => {
  bench = await Bench.open()
  await Promise.all([mkdir(bench.path('small')), mkdir(bench.path('large'))])
  await asRoot('mount', '-t', 'tmpfs', '-o', 'size=24m,mode=0777', 'tmpfs', bench.path('small'))
})
afterAll(async () => {
  await asRoot('umount', bench.path('small'))
  await bench.close()
})

function host(directory: string) {
  return bench.host(['large.mjs'], { stateBackend: { type: 'lmdb', directory: bench.path(directory) } })
}

test('a disk that is full fails the task with one sentence; its checkpoint goes on elsewhere', async () => {
  const args = { keys: 200_000, count: 200_000, output: bench.path('out') }
  const job = new Run(bench, await host('small'), { definition: 'large', args })
  await job.deploy({ args: { ...args, rate: 3_000 } })
  await job.moreRecords(5_000)
  await job.checkpoint()
  expect(await job.watch()).toEqual({
    kind: 'failed',
    error: expect.stringMatching(
      /^operator "process 'blobs'" failed .*: State cannot be written to \S+: the disk is full; free some space, or set io\.tmp\.dirs to a directory on another one\.$/,
    ),
  })
  await job.host.stop(job.reference)
  expect(await readdir(bench.path('small'))).toEqual([])

  job.host = await host('large')
  await job.deploy()
  await job.finish()
  expect(await bench.output('out')).toEqual([{ keys: 200_000, seen: 200_000, wrong: 0 }])
})
