import { handPinPath, parsePinPath, pinPath } from '../checkpoint/paths.js'
import { decodePin, encodePin, type Pin } from '../checkpoint/pin.js'
import { isTidemarkError, TidemarkError } from '../errors.js'
import { joinUri, type Storage } from '../storage/index.js'
import { observeLog, patience, readIfThere } from './read-log.js'

export interface Holder {
  readonly job: string
  readonly execution: string
}

export interface FoundPin {
  /** Below the execution's folder. */
  readonly name: string
  readonly pin: Pin
}

/**
 * Pins of an execution. Those that cannot be read may hold anything: a deleter then keeps everything.
 *
 * Where a pin that was listed is gone, all are listed again: a holder may have been let in by that pin and have written its own after the
 * listing.
 * @param except names of pins that are not looked at
 */
export async function readPins(
  folder: Storage,
  except: ReadonlySet<string> = new Set(),
): Promise<{ readonly pins: readonly FoundPin[]; readonly unreadable: readonly string[] }> {
  for (let attempt = 0; attempt < patience; attempt++) {
    const found = await readListedPins(folder, except)
    if (found !== 'moved') return found
  }
  throw new TidemarkError(
    'StorageUnavailable',
    `The pins in ${folder.uri} change faster than they can be read; try again.`,
    {
      path: folder.uri,
    },
  )
}

/** Undefined where it is not there. */
export async function readPin(folder: Storage, name: string): Promise<Pin | undefined> {
  const bytes = await readIfThere(folder, name)
  return bytes === undefined ? undefined : decodePin(bytes, joinUri(folder.uri, name))
}

async function readListedPins(
  folder: Storage,
  except: ReadonlySet<string>,
): Promise<{ readonly pins: readonly FoundPin[]; readonly unreadable: readonly string[] } | 'moved'> {
  const pins: FoundPin[] = []
  const unreadable: string[] = []
  for (const { name } of await folder.list('pins')) {
    if (parsePinPath(name) === undefined || except.has(name)) continue
    try {
      const pin = await readPin(folder, name)
      if (pin === undefined) return 'moved'
      pins.push({ name, pin })
    } catch (error) {
      if (!isTidemarkError(error) || error.class !== 'damaged') throw error
      unreadable.push(name)
    }
  }
  return { pins, unreadable }
}

/**
 * Holds a snapshot for an execution.
 * @throws RestoreFailed where the snapshot has gone
 */
export async function placePin(folder: Storage, number: number, holder: Holder): Promise<void> {
  const path = pinPath(holder.execution)
  const present = await readPin(folder, path)
  if (present?.confirmed && present.number === number) return
  await confirmPin(folder, path, { formatVersion: 1, holder, number, confirmed: false })
}

/**
 * Write the pin → read the newest entry → confirm. Deleters drop the snapshot from the alive list first and look for pins then: of the
 * two, at least one sees the other. A confirmed pin holds however often it is asked for again; an unconfirmed one proves nothing.
 * Where the snapshot has left the list, a confirmed pin by hand that is still there after ours was written does as well: whoever deletes
 * looked for pins before it went, or sees ours.
 *
 * A crash after the first step leaves an unconfirmed pin, which a deleter respects until the holder's retry settles it or it is
 * removed with `removePin`.
 * @throws RestoreFailed where the snapshot has gone
 */
export async function confirmPin(folder: Storage, path: string, pin: Pin): Promise<void> {
  const { number } = pin
  const byHand = handPinPath(number)
  const confirmed = encodePin({ ...pin, confirmed: true })
  if ((path === byHand && (await readPin(folder, byHand))?.confirmed) || (await stake(folder, path, pin)) === 'held') {
    // The hold goes on without a gap; only what it says changes.
    return folder.write(path, confirmed)
  }
  const { record, newest } = await observeLog(folder)
  const exists = record?.state === 'live' && newest?.alive.includes(number) === true
  if (!exists && (record?.state !== 'live' || (await readPin(folder, byHand))?.confirmed !== true)) {
    await folder.delete(path)
    const message = `chk-${number} of ${folder.uri} was discarded meanwhile: restore from another checkpoint.`
    throw new TidemarkError('RestoreFailed', message, { path: joinUri(folder.uri, `chk-${number}`) })
  }
  await folder.write(path, confirmed)
}

/**
 * The first step. It never replaces a pin on the same snapshot: a try of it that was given up, and arrives late, would take back what
 * has been confirmed since. `held`: it is confirmed.
 */
async function stake(folder: Storage, path: string, pin: Pin): Promise<'staked' | 'held'> {
  const unconfirmed = encodePin(pin)
  if ((await folder.createIfAbsent(path, unconfirmed)) === 'created') return 'staked'
  const present = await readPin(folder, path)
  if (present?.number !== pin.number) await folder.write(path, unconfirmed)
  else if (present.confirmed) return 'held'
  else await folder.persist(path)
  return 'staked'
}

/** Idempotent. */
export async function removePin(folder: Storage, holder: Holder): Promise<void> {
  await folder.delete(pinPath(holder.execution))
}
