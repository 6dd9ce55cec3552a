import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { TidemarkError } from '../../errors.js'
import type { TidemarkWorker } from '../../temporal/worker.js'
import type { Context } from '../context.js'

/** Absolute paths of job files that are there, before anything is started for them. */
export function checkJobFiles(files: readonly string[]): string[] {
  return files.map((file) => {
    const path = resolve(file)
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path
    const message = `The job file ${file} is not there: correct its path, seen from ${process.cwd()}.`
    throw new TidemarkError('DefinitionError', message, { path })
  })
}

/** Works until a signal comes, then ends in order: jobs are handed over, and nothing is polled any more. */
export async function untilInterrupted(
  context: Context,
  worker: TidemarkWorker,
  interrupted: AbortSignal,
  alsoUntil: Promise<void> = new Promise(() => {}),
): Promise<void> {
  const { terminal } = context
  const signalled = new Promise<void>((done) => {
    if (interrupted.aborted) done()
    interrupted.addEventListener('abort', () => done(), { once: true })
  })
  try {
    await Promise.race([signalled, worker.finished, alsoUntil])
    if (interrupted.aborted) {
      terminal.warn('Stopping: jobs take a last checkpoint and go on where a worker is. Ctrl-C again stops at once.')
    }
  } finally {
    // Where something broke there may be nobody who could take them.
    await worker.shutdown({ handOver: interrupted.aborted })
    await leaveWhatHangs(context)
  }
}

/**
 * Node waits at its exit for calls to the file system that have not returned, and for the threads that make them. A worker whose storage
 * hangs would stay for ever, and so would whoever waits for its end.
 */
async function leaveWhatHangs({ terminal }: Context): Promise<void> {
  const { anythingHangs } = await import('../../storage/index.js')
  const { threadsLeft } = await import('../../threads/os-thread.js')
  if (!anythingHangs() && !threadsLeft()) return
  terminal.warn('A file system does not answer: this process ends without waiting for it.')
  process.kill(process.pid, 'SIGKILL')
}
