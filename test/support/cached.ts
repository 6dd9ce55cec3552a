import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * A directory of our cache, `~/.cache/tidemark/<name>`: made by `make` in a place of its own where it is not there yet, and given its name
 * when it is whole. Two processes may ask at once.
 */
export async function cached(name: string, make: (partial: string) => Promise<void>): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tidemark')
  const target = join(cache, name)
  if (await isThere(target)) return target
  await mkdir(cache, { recursive: true })
  const partial = await mkdtemp(`${target}.partial-`)
  try {
    await make(partial)
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
