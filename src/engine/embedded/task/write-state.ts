import { randomBytes } from 'node:crypto'
import type { StateHandle } from '../../../checkpoint/entry.js'
import { executionFolder, stateFilePath } from '../../../checkpoint/paths.js'
import type { Storage } from '../../../storage/index.js'
import type { AttemptReference } from '../../engine.js'
import type { OpenFilePort, WrittenFile } from '../file-threads/protocol.js'
import { writeFile } from '../file-threads/write-file.js'
import { keyGroupCount } from '../state/key-group.js'
import { codecName } from '../state/state-codec.js'
import type { StateCut } from '../state/state-store.js'

export interface StateFileContext extends Pick<AttemptReference, 'job' | 'execution' | 'attempt'> {
  readonly task: number
  readonly number: number
  readonly scope: StateHandle['scope']
  /** Whether later snapshots may build on the file. */
  readonly shared: boolean
  /** Absent: large files are written by this thread too. */
  readonly openFilePort?: OpenFilePort | undefined
}

export interface WrittenState {
  readonly handles: readonly StateHandle[]
  /** Bytes. */
  readonly written: number
}

/**
 * Encodes and writes what a cut captured, while records go on, under a name that nobody else ever uses, and gives the handles
 * that describe the whole state. A crash leaves a file that no metadata names: garbage, by its number.
 */
export async function writeState(
  data: Storage,
  operator: string,
  cut: StateCut,
  context: StateFileContext,
): Promise<WrittenState> {
  const { image, mode, reused } = cut
  if (image === undefined) {
    cut.complete(reused)
    return { handles: reused, written: 0 }
  }
  const { job, execution, attempt, task, number, scope, shared } = context
  const path = stateFilePath({ number, attempt, task, operator, nonce: randomBytes(6).toString('hex'), shared })
  let file: WrittenFile
  try {
    file = await writeFile(data, `${executionFolder(job, execution)}/${path}`, image.encode(), context.openFilePort)
  } finally {
    image.release()
  }
  const handle: StateHandle = {
    operator,
    root: 'data',
    path,
    ...file,
    codec: codecName,
    mode,
    number,
    keyGroups: { from: 0, to: keyGroupCount - 1 },
    scope,
    entries: image.entries,
  }
  const handles = [...reused, handle]
  cut.complete(handles)
  return { handles, written: file.size }
}
