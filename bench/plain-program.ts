import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Runs a program of `jobs/` in a plain Node process, and answers the JSON that it prints. */
export async function runPlainly<T>(program: `${string}.mjs`, ...words: readonly string[]): Promise<T> {
  const path = fileURLToPath(new URL(`./jobs/${program}`, import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [path, ...words])
  return JSON.parse(stdout) as T
}
