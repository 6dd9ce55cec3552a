import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Scratch } from '../../src/engine/embedded/scratch.js'

let parent: string

beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'tidemark-scratch-')))
})
afterEach(() => rm(parent, { recursive: true, force: true }))

/** The name that a directory of another process, or of another machine, would have. */
function renamed(name: string, changes: { host?: string; space?: string; pid?: number; beginning?: string }): string {
  const [, host, space, pid, beginning, random] = /^tidemark-state-(.+)\.(\d+)\.(\d+)\.(\d+)-(\w{6})$/.exec(name) ?? []
  const { host: h = host, space: s = space, pid: p = pid, beginning: b = beginning } = changes
  return `tidemark-state-${h}.${s}.${p}.${b}-${random}`
}

async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid ?? 0
}

test('what a dead process has left goes with all that is in it; all else below the directory stays', async () => {
  const own = await (await Scratch.open(parent)).make()
  const name = basename(own)
  const dead = await deadProcess()
  const leftovers = [
    renamed(name, { pid: dead }),
    // A number that another process has by now.
    renamed(name, { pid: process.ppid, beginning: '1' }),
  ]
  const others = [
    name,
    renamed(name, { pid: dead, host: 'elsewhere' }),
    renamed(name, { pid: dead, space: '7' }),
    `${renamed(name, { pid: dead })}-kept`,
    'tidemark-state-',
    'somebody-elses',
  ]
  for (const directory of [...leftovers, ...others]) {
    await mkdir(join(parent, directory, 'task-0'), { recursive: true })
    await writeFile(join(parent, directory, 'task-0', 'data.mdb'), 'state')
  }
  const link = `${renamed(name, { pid: dead }).slice(0, -6)}linked`
  await symlink(join(parent, 'somebody-elses'), join(parent, link))

  await Scratch.open(parent)
  expect((await readdir(parent)).sort()).toEqual([...others, link].sort())
  expect(await readdir(join(parent, 'somebody-elses', 'task-0'))).toEqual(['data.mdb'])
})

test('a directory is made where there is none, and what is in it is for its owner alone', async () => {
  const scratch = await Scratch.open(join(parent, 'not', 'yet'))
  const [one, other] = [await scratch.make(), await scratch.make()]
  expect(one).not.toBe(other)
  await scratch.remove(one)
  expect(await readdir(join(parent, 'not', 'yet'))).toEqual([basename(other)])
})

test('where nothing can be written is told at the start', async () => {
  const file = join(parent, 'file')
  await writeFile(file, '')
  await expect(Scratch.open(file)).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    path: file,
    message: expect.stringMatching(
      /^io\.tmp\.dirs is .*, where nothing can be written: .*; set it to a directory on a disk of this host\.$/,
    ),
  })
})
