import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { type Configuration, loadConfiguration } from '../../src/spec/configuration.js'

const directories: string[] = []

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

/** A new directory, gone after the test. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-spec-')))
  directories.push(directory)
  return directory
}

/** A new working directory with this `tidemark.yaml`. */
export function directoryWith(yaml: string | Uint8Array): string {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'tidemark.yaml'), yaml)
  return directory
}

export function load(yaml: string | Uint8Array, env: NodeJS.ProcessEnv = {}): Configuration {
  return loadConfiguration({ cwd: directoryWith(yaml), env })
}

/** The message of a refusal. */
export function refusal(yaml: string | Uint8Array, env: NodeJS.ProcessEnv = {}): string {
  try {
    load(yaml, env)
  } catch (error) {
    if (error instanceof Error && error.name === 'InvalidConfiguration') return error.message
    throw error
  }
  return 'accepted'
}

/** The entry of one key. */
export function entry(configuration: Configuration, key: string): { readonly value: unknown; readonly source: string } {
  const found = configuration.entries().find((each) => each.key === key)
  if (!found) throw new Error(`there is no key ${key}`)
  return { value: found.value, source: found.source }
}
