import { randomUUID } from 'node:crypto'
import { isPinOf, parsePinPath, pinPath } from '../checkpoint/paths.js'
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
 * Holds a snapshot for an execution, by a pin that is this call's alone.
 * @throws RestoreFailed where the snapshot has gone
 */
export async function placePin(folder: Storage, number: number, holder: Holder): Promise<void> {
  await confirmPin(folder, pinPath(holder.execution, randomUUID()), {
    formatVersion: 1,
    holder,
    number,
    confirmed: false,
  })
}

/**
 * Write the pin → read the newest entry → confirm. Deleters drop the snapshot from the alive list first and look for pins then: of the
 * two, at least one sees the other. An unconfirmed pin proves nothing. Where the snapshot has left the list, a confirmed pin of the same holder,
 * or by hand, that is still there after ours was written does as well: whoever deletes looked for pins before it went, or sees ours.
 *
 * A crash after the first step leaves an unconfirmed pin, which a deleter respects until it is removed with `removePins`, or collected.
 * @throws RestoreFailed where the snapshot has gone
 */
export async function confirmPin(folder: Storage, path: string, pin: Pin): Promise<void> {
  const confirmed = encodePin({ ...pin, confirmed: true })
  // Where it is held already the hold goes on without a gap; only what it says changes.
  if ((await stake(folder, path, pin)) === 'held' || (await mayHold(folder, pin))) {
    return folder.write(path, confirmed)
  }
  await folder.delete(path)
  const message = `chk-${pin.number} of ${folder.uri} was discarded meanwhile: restore from another checkpoint.`
  throw new TidemarkError('RestoreFailed', message, { path: joinUri(folder.uri, `chk-${pin.number}`) })
}

/** The first step. Only a pin by hand can be there already; `held`: it is confirmed. */
async function stake(folder: Storage, path: string, pin: Pin): Promise<'staked' | 'held'> {
  if ((await folder.createIfAbsent(path, encodePin(pin))) === 'created') return 'staked'
  if ((await readPin(folder, path))?.confirmed) return 'held'
  await folder.persist(path)
  return 'staked'
}

/** The second step. */
async function mayHold(folder: Storage, pin: Pin): Promise<boolean> {
  const { record, newest } = await observeLog(folder)
  if (record?.state !== 'live') return false
  if (newest?.alive.includes(pin.number)) return true
  const { pins } = await readPins(folder)
  return pins.some((other) => other.pin.confirmed && other.pin.number === pin.number && letsIn(other.pin, pin))
}

function letsIn(other: Pin, pin: Pin): boolean {
  return 'person' in other || ('holder' in pin && other.holder.execution === pin.holder.execution)
}

/** All pins of an execution, whichever of its tries wrote them. Idempotent. */
export async function removePins(folder: Storage, holder: Holder): Promise<void> {
  const names = (await folder.list('pins')).map(({ name }) => name).filter((name) => isPinOf(holder.execution, name))
  await folder.deleteAll(names)
}
