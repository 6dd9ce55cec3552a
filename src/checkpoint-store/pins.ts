import { parsePinPath, pinPath } from '../checkpoint/paths.js'
import { decodePin, encodePin, type Pin } from '../checkpoint/pin.js'
import { isTidemarkError, TidemarkError } from '../errors.js'
import { joinUri, type Storage } from '../storage/index.js'
import { observeLog, readIfThere } from './read-log.js'

export interface Holder {
  readonly job: string
  readonly execution: string
}

/** Pins of an execution. Those that cannot be read may hold anything: a deleter then keeps everything. */
export async function readPins(
  folder: Storage,
): Promise<{ readonly pins: readonly Pin[]; readonly unreadable: readonly string[] }> {
  const pins: Pin[] = []
  const unreadable: string[] = []
  for (const { name } of await folder.list('pins')) {
    if (parsePinPath(name) === undefined) continue
    try {
      const bytes = await readIfThere(folder, name)
      if (bytes !== undefined) pins.push(decodePin(bytes, joinUri(folder.uri, name)))
    } catch (error) {
      if (!isTidemarkError(error) || error.class !== 'damaged') throw error
      unreadable.push(name)
    }
  }
  return { pins, unreadable }
}

/**
 * Write the pin → read the newest entry → confirm. Deleters drop the snapshot from the alive list first and look for pins then: of the
 * two, at least one sees the other. A confirmed pin holds however often it is asked for again; an unconfirmed one proves nothing.
 *
 * A crash after the first step leaves an unconfirmed pin, which a deleter respects until the holder's retry settles it or it is
 * removed with `removePin`.
 * @throws RestoreFailed where the snapshot has gone
 */
export async function placePin(folder: Storage, number: number, holder: Holder): Promise<void> {
  const path = pinPath(holder.execution)
  const present = await readIfThere(folder, path)
  if (present !== undefined) {
    const pin = decodePin(present, joinUri(folder.uri, path))
    if (pin.confirmed && pin.number === number) return
  }
  const pin: Pin = { formatVersion: 1, holder, number, confirmed: false }
  await folder.write(path, encodePin(pin))
  const { record, newest } = await observeLog(folder)
  if (record?.state !== 'live' || newest?.alive.includes(number) !== true) {
    await removePin(folder, holder)
    const message = `chk-${number} of ${folder.uri} was discarded meanwhile: restore from another checkpoint.`
    throw new TidemarkError('RestoreFailed', message, { path: joinUri(folder.uri, `chk-${number}`) })
  }
  await folder.write(path, encodePin({ ...pin, confirmed: true }))
}

/** Idempotent. */
export async function removePin(folder: Storage, holder: Holder): Promise<void> {
  await folder.delete(pinPath(holder.execution))
}
