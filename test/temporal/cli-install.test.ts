import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cachedCliPath, installCli, isInstalled, type Way } from '../../src/temporal/cli-install.js'
import type { CliRelease } from '../../src/temporal/cli-release.js'
import { releaseFor } from '../../src/temporal/cli-release.js'
import { temporaryDirectory } from './support.js'

const content = Buffer.from('#!/bin/sh\necho a small release\n')
const release: CliRelease = {
  platform: 'linux',
  arch: 'amd64',
  wheelTag: 'manylinux2014_x86_64',
  size: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
}

const brings =
  (bytes: Buffer): Way =>
  async (directory) => {
    await writeFile(join(directory, 'fetched'), bytes)
    return join(directory, 'fetched')
  }

const fails =
  (reason: string): Way =>
  async () => {
    throw new Error(reason)
  }

const target = async () => cachedCliPath(join(await temporaryDirectory(), 'new', 'cache'))
const entries = (path: string) => readdir(dirname(dirname(path)))

describe('installCli', () => {
  it('takes the first way that works, and leaves only the executable', async () => {
    const path = await target()
    expect(
      await installCli(path, release, { a: fails('no network'), b: brings(content), c: fails('too far') }),
    ).toEqual({ way: 'b' })
    expect(await readFile(path)).toEqual(content)
    expect((await stat(path)).mode & 0o777).toBe(0o755)
    expect(await isInstalled(path, release)).toBe(true)
    expect(await entries(path)).toEqual(['temporal-cli-1.9.1'])
  })

  it('refuses other bytes than the release has, even of the same size, and publishes nothing', async () => {
    const path = await target()
    const changed = Buffer.from(content)
    changed.write('X', 20)
    const installed = installCli(path, release, { a: brings(changed), b: brings(content.subarray(1)) })
    await expect(installed).rejects.toMatchObject({
      failures: {
        a: expect.stringMatching(`its SHA-256 is [0-9a-f]{64} \\(${content.length} bytes\\) and not ${release.sha256}`),
        b: expect.stringContaining(`(${content.length - 1} bytes)`),
      },
    })
    expect(await entries(path)).toEqual([])
    expect(await isInstalled(path, release)).toBe(false)
  })

  it('when another process was faster, uses what that one installed', async () => {
    const path = await target()
    let first: Promise<unknown> = Promise.resolve()
    const slow: Way = async (directory) => {
      first = installCli(path, release, { fast: brings(content) })
      await first
      return brings(content)(directory)
    }
    const second = await installCli(path, release, { slow })
    expect(await first).toEqual({ way: 'fast' })
    expect(second).toEqual({ way: undefined })
    expect(await entries(path)).toEqual(['temporal-cli-1.9.1'])
  })

  it('many at once all end with the same whole file', async () => {
    const path = await target()
    const all = await Promise.all(Array.from({ length: 8 }, () => installCli(path, release, { way: brings(content) })))
    expect(all.some(({ way }) => way === 'way')).toBe(true)
    expect(await readFile(path)).toEqual(content)
    expect(await entries(path)).toEqual(['temporal-cli-1.9.1'])
  })

  it('replaces a file of another size, such as one that was cut by hand', async () => {
    const path = await target()
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, 'cut')
    expect(await isInstalled(path, release)).toBe(false)
    await installCli(path, release, { way: brings(content) })
    expect(await readFile(path)).toEqual(content)
  })

  it("removes what a killed process left a day ago, and not another one's work of today", async () => {
    const path = await target()
    const cacheDir = dirname(dirname(path))
    const old = join(cacheDir, 'temporal-cli-1.8.0.partial-abcdef')
    const recent = join(cacheDir, 'temporal-cli-1.9.1.partial-fedcba')
    await mkdir(join(old, 'pip'), { recursive: true })
    await mkdir(recent)
    const twoDaysAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1_000)
    await utimes(old, twoDaysAgo, twoDaysAgo)
    await installCli(path, release, { way: brings(content) })
    expect((await entries(path)).sort()).toEqual(['temporal-cli-1.9.1', 'temporal-cli-1.9.1.partial-fedcba'])
  })
})

describe('releaseFor', () => {
  it('knows a release with its own hash for each platform that it names, and none for others', () => {
    const known = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].map((name) => {
      const [platform, arch] = name.split('-')
      return releaseFor(platform, arch)
    })
    expect(new Set(known.map((found) => found?.sha256)).size).toBe(4)
    expect(known.every((found) => /^[0-9a-f]{64}$/.test(found?.sha256 ?? ''))).toBe(true)
    expect([releaseFor('win32', 'x64'), releaseFor('linux', 'riscv64')]).toEqual([undefined, undefined])
  })
})
