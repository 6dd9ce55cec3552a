import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** In a version's folder, in the format of `sha256sum`: `<hex>  <name>`. */
const list = 'SHA256SUMS'

/**
 * Histories that a released version made: `<folder>/<version>/*.json`. They stay as they are for ever, since jobs that began under
 * that version may still run. Answers their paths.
 *
 * @throws Error for a file that was changed, removed, or added without being listed
 */
export async function releasedHistories(folder: string): Promise<string[]> {
  const paths: string[] = []
  for (const version of await foldersOf(folder)) {
    const at = join(folder, version)
    const listed = await readFile(join(at, list), 'utf8')
    const found = await checksumsOf(at)
    if (listed !== found) {
      throw new Error(
        `The histories of release ${version} are not what they were: a change needs patched(), see docs/upgrading.md.`,
      )
    }
    paths.push(...(await namesIn(at)).map((name) => join(at, name)))
  }
  return paths
}

/** Keeps the histories of today as those of a version. */
export async function releaseHistories(from: string, folder: string, version: string): Promise<void> {
  const at = join(folder, version)
  await mkdir(at, { recursive: true })
  if ((await readdir(at)).length > 0)
    throw new Error(`There are histories of release ${version} already: they stay as they are.`)
  for (const name of await namesIn(from)) await copyFile(join(from, name), join(at, name))
  await writeFile(join(at, list), await checksumsOf(at))
}

async function foldersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()
}

async function checksumsOf(folder: string): Promise<string> {
  const lines = (await namesIn(folder)).map(async (name) => {
    const bytes = await readFile(join(folder, name))
    return `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`
  })
  return (await Promise.all(lines)).join('')
}
