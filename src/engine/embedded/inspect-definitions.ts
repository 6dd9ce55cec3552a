import { TidemarkError } from '../../errors.js'
import type { InspectedFile } from './messages.js'
import { WorkerThread } from './worker-thread.js'

const loadLimitMs = 60_000

/** What this host can run. */
export interface HostDefinition {
  readonly name: string
  readonly version: string
  /** sha256 of the file's content, hexadecimal. */
  readonly build: string
  /** Absolute path. */
  readonly file: string
}

/**
 * Loads every job file, in a thread that is thrown away, and lists the definitions found.
 * @throws DefinitionError for a file that cannot be loaded or defines nothing, and for a name that two files define
 */
export async function inspectDefinitions(files: readonly string[]): Promise<HostDefinition[]> {
  const thread = new WorkerThread({ files })
  const limit = setTimeout(() => thread.terminate(), loadLimitMs)
  try {
    const inspected = await thread.call(thread.seat('job files'), 'inspect', files)
    for (const file of inspected) checkNotEmpty(file)
    const definitions = inspected.flatMap(({ file, build, definitions }) =>
      definitions.map(({ name, version }) => ({ name, version, build, file })),
    )
    checkUnique(definitions)
    return definitions
  } catch (error) {
    throw await explain(error, files)
  } finally {
    clearTimeout(limit)
    await thread.terminate()
  }
}

function checkNotEmpty({ file, definitions }: InspectedFile): void {
  if (definitions.length > 0) return
  throw new TidemarkError(
    'DefinitionError',
    `The job file ${file} defines no job; export what defineJob(...) returns.`,
    {
      path: file,
    },
  )
}

function checkUnique(definitions: readonly HostDefinition[]): void {
  const seen = new Map<string, string>()
  for (const { name, file } of definitions) {
    const other = seen.get(name)
    seen.set(name, file)
    if (other === undefined) continue
    throw new TidemarkError(
      'DefinitionError',
      `Two definitions have the name '${name}', in ${other} and ${file}; rename one.`,
      {
        path: file,
      },
    )
  }
}

/** A thread that ended on its way is a fault of the files' top-level code. */
async function explain(error: unknown, files: readonly string[]): Promise<unknown> {
  if (!(error instanceof TidemarkError)) return error
  if (error.code === 'TasksGone') {
    return new TidemarkError(
      'DefinitionError',
      `The job files did not load within ${loadLimitMs / 1000} seconds; a job file must only define jobs (${files.join(', ')}).`,
    )
  }
  return error.code === 'TaskFailed'
    ? new TidemarkError('DefinitionError', `The job files cannot be loaded (${files.join(', ')}): ${error.message}`)
    : error
}
