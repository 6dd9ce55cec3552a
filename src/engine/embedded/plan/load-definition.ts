import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { messageOf, TidemarkError } from '../../../errors.js'
import { isJobDefinition, type JobDefinition } from '../../../pipeline/define-job.js'

export interface LoadedFile {
  readonly file: string
  /** sha256 of the file's content, hexadecimal. */
  readonly build: string
  readonly definitions: readonly JobDefinition[]
}

const loaded = new Map<string, Promise<LoadedFile>>()

/**
 * Imports a developer's job file: every export that is a job definition counts, `default` or named. Runs the file's top level,
 * so it belongs in a thread that may be thrown away. Modules are loaded once in a thread's life, and so what was loaded is what counts,
 * however the file has changed since.
 */
export function loadFile(file: string): Promise<LoadedFile> {
  const loading = loaded.get(file) ?? importFile(file)
  loaded.set(file, loading)
  return loading
}

async function importFile(file: string): Promise<LoadedFile> {
  try {
    const build = await buildOf(file)
    const exports = (await import(pathToFileURL(file).href)) as Record<string, unknown>
    return { file, build, definitions: [...new Set(exportedValues(exports).filter(isJobDefinition))] }
  } catch (error) {
    throw loadingFailed(file, error)
  }
}

/** The sha256 of the file as it is now, hexadecimal. */
export async function readBuild(file: string): Promise<string> {
  return buildOf(file).catch((error) => {
    throw loadingFailed(file, error)
  })
}

async function buildOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

function loadingFailed(file: string, error: unknown): TidemarkError {
  return new TidemarkError('DefinitionError', `The job file ${file} cannot be loaded: ${messageOf(error)}`, {
    path: file,
    cause: error,
  })
}

/** @throws DefinitionError where the file does not define the job, any more. */
export async function loadDefinition(file: string, name: string): Promise<{ job: JobDefinition; build: string }> {
  const { definitions, build } = await loadFile(file)
  const job = definitions.find((definition) => definition.name === name)
  if (job !== undefined) return { job, build }
  const found = definitions.map((definition) => `'${definition.name}'`).join(', ') || 'no job at all'
  throw new TidemarkError('DefinitionError', `The job file ${file} defines no job '${name}'; it defines ${found}.`, {
    path: file,
  })
}

/** A CommonJS file shows its exports as properties of `default`. */
function exportedValues(exports: Record<string, unknown>): unknown[] {
  const inner = exports.default
  const nested = typeof inner === 'object' && inner !== null && !isJobDefinition(inner) ? Object.values(inner) : []
  return [...Object.values(exports), ...nested]
}
