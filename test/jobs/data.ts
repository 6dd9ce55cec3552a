import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Reading {
  readonly n: number
  readonly k: string
}

export interface Sum extends Reading {
  readonly sum: number
}

export function readings(count: number): Reading[] {
  return Array.from({ length: count }, (_, n) => ({ n, k: `k${n % 7}` }))
}

export async function writeReadings(path: string, records: readonly Reading[]): Promise<void> {
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
}

/** A file of so many readings for each letter of `names`, with keys that no other has; all of them. */
export async function writeFiles(directory: string, names: string, count: number): Promise<Reading[]> {
  await mkdir(directory, { recursive: true })
  const input: Reading[] = []
  for (const name of names) {
    const records = Array.from({ length: count }, (_, n) => ({ n, k: `${name}${n % 3}` }))
    await writeReadings(join(directory, `${name}.ndjson`), records)
    input.push(...records)
  }
  return input
}

/** What `sums` must output, computed without it. */
export function sumsOf(records: readonly Reading[]): Sum[] {
  const sums = new Map<string, number>()
  return records.map(({ n, k }) => {
    const sum = (sums.get(k) ?? 0) + n
    sums.set(k, sum)
    return { k, n, sum }
  })
}

/** Names of committed files, in the order in which they were produced. */
export async function committedFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => [])
  return names.filter((name) => name.endsWith('.ndjson')).sort()
}

/** Records of all committed files, in order. */
export async function committed<T>(directory: string): Promise<T[]> {
  const files = await committedFiles(directory)
  const texts = await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')))
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T),
  )
}
