import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import { TidemarkError } from '../../errors.js'
import type { RecoveryContext } from '../../pipeline/sink.js'
import { isRefusal, unavailable } from '../../storage/index.js'
import type { FileSystem } from './file-system.js'
import type { Layout } from './layout.js'
import { takeDirectory } from './owner.js'
import { formatOpen } from './part-name.js'

const probe = Buffer.from('probe\n')

/**
 * Takes the directory, and before an execution's first record does there once what a part goes through: make, write, sync, rename, list,
 * remove. A crash leaves a file in progress, which the next recovery removes.
 * @throws InvalidConfiguration where the system refuses (permission, read-only, full), StorageUnavailable where it does not answer
 */
export async function probeDirectory(fs: FileSystem, layout: Layout, context: RecoveryContext): Promise<void> {
  try {
    await takeDirectory(fs, layout, context)
    await tryPart(fs, layout, context)
  } catch (error) {
    const trouble = fromSystem('write to', layout.committed, error)
    if (!isRefusal(trouble)) throw trouble
    const message = `Sink '${context.id}' cannot use its output directory: ${trouble.message}`
    throw new TidemarkError('InvalidConfiguration', message, { path: layout.committed, cause: error })
  }
}

async function tryPart(fs: FileSystem, layout: Layout, context: RecoveryContext): Promise<void> {
  const path = (file: number) =>
    join(layout.inProgress, formatOpen({ ...context, task: 0, file, nonce: randomBytes(4).toString('hex') }))
  const [written, renamed] = [path(0), path(1)]
  try {
    await writeProbe(fs, written)
    const whole = (await fs.move(written, renamed)) && (await fs.size(renamed)) === probe.length
    if (!whole || !(await fs.list(layout.inProgress)).includes(basename(renamed))) {
      const message = `The output directory ${layout.committed} cannot be used: a file that was written and renamed there is not there whole; choose another one.`
      throw new TidemarkError('InvalidConfiguration', message, { path: layout.committed })
    }
  } catch (error) {
    for (const left of [written, renamed]) await fs.remove(left).catch(() => undefined)
    throw error
  }
  await fs.remove(renamed)
  await fs.syncDirectory(layout.inProgress)
}

async function writeProbe(fs: FileSystem, path: string): Promise<void> {
  const descriptor = fs.openNew(path)
  try {
    fs.append(descriptor, probe)
    await fs.sync(descriptor)
  } finally {
    fs.close(descriptor)
  }
}

/** An error of the system as one sentence with the path and what to do; every other error as it is. */
export function fromSystem(doing: string, path: string, error: unknown): unknown {
  const { syscall, path: at } = error as NodeJS.ErrnoException
  const hangs = error instanceof Error && error.name === 'Hanging'
  if (!hangs && (!(error instanceof Error) || typeof syscall !== 'string')) return error
  return unavailable(doing, typeof at === 'string' ? at : path, error)
}

/** Runs one of a sink's steps; what the system refuses is told with path and remedy. */
export async function tellingWhere<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fromSystem(doing, path, error)
  }
}
