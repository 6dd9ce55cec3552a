import { isInline } from '../../../src/checkpoint/state-handle.js'
import type { ReadState } from '../../../src/engine/embedded/state/read-state-files.js'
import type { Storage } from '../../../src/storage/index.js'

/** Reads what `writeState` wrote for `execution` of `job`. */
export function readBack(storage: Storage): ReadState {
  return (handle) => (isInline(handle) ? once(handle.inline) : storage.readStream(`job/execution/${handle.path}`))
}

async function* once(base64: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(base64, 'base64')
}
