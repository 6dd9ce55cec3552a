import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { StateHandle } from '../../../checkpoint/entry.js'
import { executionFolder, stateFilePath } from '../../../checkpoint/paths.js'
import type { Storage } from '../../../storage/index.js'
import type { AttemptReference } from '../../engine.js'
import { keyGroupCount } from '../state/key-group.js'
import { codecName } from '../state/state-codec.js'
import type { StateCut } from '../state/state-store.js'
import { FairTurns } from './fair-turns.js'

export interface StateFileContext extends Pick<AttemptReference, 'job' | 'execution' | 'attempt'> {
  readonly task: number
  readonly number: number
  readonly scope: StateHandle['scope']
  /** Whether later snapshots may build on the file. */
  readonly shared: boolean
}

export interface WrittenState {
  readonly handles: readonly StateHandle[]
  /** Bytes. */
  readonly written: number
}

/** Bytes that are written at a time. */
const smallestBlock = 128 * 1024
const largestBlock = 1024 * 1024
/** So many blocks are encoded ahead of the storage, so that neither waits for the other. */
const blocksAhead = 16

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
  const hash = createHash('sha256')
  let size = 0
  function* hashed(pieces: Iterable<Uint8Array>) {
    for (const piece of pieces) {
      hash.update(piece)
      size += piece.length
      yield piece
    }
  }
  try {
    await image.ready?.()
    const content = Readable.from(inBlocks(hashed(image.encode())), { highWaterMark: blocksAhead })
    await data.write(`${executionFolder(job, execution)}/${path}`, content)
  } finally {
    image.release()
  }
  const handle: StateHandle = {
    operator,
    root: 'data',
    path,
    size,
    checksum: `sha256:${hash.digest('hex')}`,
    codec: codecName,
    mode,
    number,
    keyGroups: { from: 0, to: keyGroupCount - 1 },
    scope,
    entries: image.entries,
  }
  const handles = [...reused, handle]
  cut.complete(handles)
  return { handles, written: size }
}

async function* inBlocks(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let bytes = 0
  const turns = new FairTurns()
  for (const piece of pieces) {
    held.push(piece)
    bytes += piece.length
    if (bytes >= smallestBlock) {
      yield* inParts(joined(held))
      held = []
      bytes = 0
    }
    if (turns.over) await turns.next()
  }
  if (bytes > 0) yield joined(held)
}

/** Large pieces are most of a file: they are not copied. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces)
}

function* inParts(block: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < block.length; from += largestBlock) yield block.subarray(from, from + largestBlock)
}
