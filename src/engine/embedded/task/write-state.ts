import { randomBytes } from 'node:crypto'
import { executionFolder, stateFilePath } from '../../../checkpoint/paths.js'
import type { InlineStateHandle, StateFileHandle, StateHandle } from '../../../checkpoint/state-handle.js'
import type { Storage } from '../../../storage/index.js'
import type { AttemptReference } from '../../engine.js'
import type { OpenFilePort } from '../file-threads/protocol.js'
import { beginFile, writeFile } from '../file-threads/write-file.js'
import { keyGroupCount } from '../state/key-group.js'
import { codecName } from '../state/state-codec.js'
import type { StateCut, StateImage } from '../state/state-store.js'
import type { InlineRoom } from './inline-room.js'

export interface StateFileContext extends Pick<AttemptReference, 'job' | 'execution' | 'attempt'> {
  readonly task: number
  readonly number: number
  readonly scope: StateHandle['scope']
  /** Whether later snapshots may build on the file. */
  readonly shared: boolean
  /** What the snapshot's metadata takes of the task's state. Absent: nothing. */
  readonly inlineRoom?: InlineRoom
  /** Absent: large files are written by this thread too. */
  readonly openFilePort?: OpenFilePort | undefined
}

export interface WrittenState {
  readonly handles: readonly StateHandle[]
  /** Bytes. */
  readonly written: number
}

/**
 * Encodes what a cut captured, while records go on, and gives the handles that describe the whole state. What is small goes into them, and
 * so into the metadata; what is not is written under a name that nobody else ever uses: a crash leaves a file that no metadata names, which
 * is garbage by its number.
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
  const place = await put(data, operator, image, mode, context)
  const handle: StateHandle = {
    operator,
    ...place,
    codec: codecName,
    mode,
    number: context.number,
    keyGroups: { from: 0, to: keyGroupCount - 1 },
    scope: context.scope,
    entries: image.entries,
  }
  const handles = [...reused, handle]
  cut.complete(handles)
  return { handles, written: place.size }
}

type Place = Pick<InlineStateHandle, 'inline' | 'size'> | Pick<StateFileHandle, 'root' | 'path' | 'size' | 'checksum'>

async function put(
  data: Storage,
  operator: string,
  image: StateImage,
  mode: StateCut['mode'],
  { job, execution, attempt, task, number, shared, inlineRoom, openFilePort }: StateFileContext,
): Promise<Place> {
  try {
    const encoded = await beginFile(image.encode())
    const { whole } = encoded
    // A delta would be repeated in the metadata of every snapshot until the next full file.
    if (mode === 'full' && whole !== undefined && inlineRoom?.take(whole.length)) {
      return { inline: whole.toString('base64'), size: whole.length }
    }
    const path = stateFilePath({ number, attempt, task, operator, nonce: randomBytes(6).toString('hex'), shared })
    const file = await writeFile(data, `${executionFolder(job, execution)}/${path}`, encoded, openFilePort)
    return { root: 'data', path, ...file }
  } finally {
    image.release()
  }
}
