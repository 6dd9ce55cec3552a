import { handPinPath } from '../checkpoint/paths.js'
import type { HandPin } from '../checkpoint/pin.js'
import type { RestoreReference } from '../engine/engine.js'
import type { Storage } from '../storage/index.js'
import { folderOf } from './pin-snapshot.js'
import { confirmPin, readPin } from './pins.js'
import type { Roots } from './roots.js'

export type Person = HandPin['person']

/**
 * Keeps a snapshot's files, and lets it be restored by its path, whatever its job does, until the pin is taken away or expires.
 * Repeating it changes reason and expiry.
 * @throws RestoreFailed where the snapshot does not exist, and is not pinned by hand already
 */
export async function pinByHand(roots: Roots, reference: RestoreReference, person: Person): Promise<void> {
  const folder = folderOf(roots, reference)
  const { number } = reference
  await confirmPin(folder, handPinPath(number), { formatVersion: 1, person, number, confirmed: false })
}

/** The pin that was taken away; undefined where there was none. */
export async function unpinByHand(roots: Roots, reference: RestoreReference): Promise<HandPin | undefined> {
  const folder = folderOf(roots, reference)
  const path = handPinPath(reference.number)
  const pin = await readPin(folder, path)
  await folder.delete(path)
  return pin !== undefined && 'person' in pin ? pin : undefined
}

/** Whether a snapshot that has left the alive list is held by a person, and so may be restored. */
export async function isHeldByHand(folder: Storage, number: number): Promise<boolean> {
  return (await readPin(folder, handPinPath(number)))?.confirmed === true
}
