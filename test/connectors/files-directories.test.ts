import { execFile } from 'node:child_process'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { localFileSystem } from '../../src/connectors/files/file-system.js'
import { temporaryDirectory } from '../storage/temporary-directory.js'
import { Faults } from '../support/faults/faults.js'

const built = new URL('../../dist/src/connectors/files/file-system.js', import.meta.url).href
const program = `
  import { localFileSystem } from '${built}'
  await localFileSystem.makeDirectory(process.argv[1])
`

/** The process dies before the sync that makes `a`, `a/b` or `a/b/c` durable; the one after it finds the directory, and must not trust it. */
test.each(['', 'a', 'a/b'])(
  'a directory is durable once it was asked for, also after a process that died in %o',
  async (place) => {
    const dir = await temporaryDirectory()
    const disk = join(dir, 'disk')
    await mkdir(disk)
    const faults = await Faults.open(join(dir, 'faults'), { under: [disk], journal: true })
    const path = join(disk, 'a/b/c')
    const make = () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, path], {
        env: { ...process.env, ...faults.env },
      })

    const at = new RegExp(`^${join(disk, place)}$`)
    const armed = await faults.arm({ ops: ['openFolder'], path: at, when: 'before', action: { do: 'kill' } })
    await expect(make()).rejects.toMatchObject({ signal: 'SIGKILL' })
    await armed.disarm()
    await make()
    expect(await faults.powerCut()).toEqual([])
    expect((await stat(path)).isDirectory()).toBe(true)
  },
)

test('a directory that is there is left as it is, also by two that make it at once', async () => {
  const path = join(await temporaryDirectory(), 'x/y')
  await Promise.all([localFileSystem.makeDirectory(path), localFileSystem.makeDirectory(path)])
  await localFileSystem.makeDirectory(path)
  expect(await readdir(path)).toEqual([])
})
