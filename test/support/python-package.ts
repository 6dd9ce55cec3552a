import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runTool } from '../../src/temporal/run-tool.js'

/**
 * A Python package and what it needs, installed by pip into a directory of its own in our cache; answers that directory.
 * Two processes may ask at once.
 */
export async function pythonPackage(name: string, version: string): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tidemark')
  const target = join(cache, `python-${name}-${version}`)
  if (await isThere(target)) return target
  await mkdir(cache, { recursive: true })
  const partial = await mkdtemp(`${target}.partial-`)
  try {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-input']
    await runTool('python3', ['-m', 'pip', 'install', ...quiet, '--target', partial, `${name}==${version}`])
    // Somebody else may have been faster: theirs is as good.
    await rename(partial, target).catch(async (error: unknown) => {
      if (!(await isThere(target))) throw error
    })
    return target
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
