import { randomUUID } from 'node:crypto'
import { isTidemarkError, messageOf, TidemarkError } from '../errors.js'
import { isRefusal } from './refusal.js'
import type { Storage } from './storage.js'

/**
 * Tries everything that a job will need of a store, before its first record: write (which renames, where the scheme publishes so),
 * create-if-absent by two callers at once (which links), read back, list, delete. What it made is gone again afterwards.
 * @param nonce of the start that it is for; a try that crashed leaves `_probe-<nonce>-<try>/` behind, which means nothing
 * @throws InvalidConfiguration where the store refuses (permission, read-only, full, no hard links) or does not keep the contract,
 *   StorageUnavailable where it does not answer
 */
export async function probe(storage: Storage, nonce: string): Promise<void> {
  // A try that died half-way left its names, and one that is late may still come: neither may answer this one.
  const folder = `_probe-${nonce}-${randomUUID().slice(0, 8)}`
  const written = `${folder}/written`
  const created = `${folder}/created`
  const content = Buffer.from(`probe ${nonce}`)
  try {
    await storage.write(written, content)
    const outcomes = await Promise.all([
      storage.createIfAbsent(created, content),
      storage.createIfAbsent(created, content),
    ])
    if (outcomes.filter((outcome) => outcome === 'created').length !== 1) {
      throw broken(storage, `of two writers that create one name at once, ${outcomes.join(' and ')} were the answers`)
    }
    for (const name of [written, created]) {
      if (!content.equals(await storage.read(name))) throw broken(storage, 'what is read is not what was written')
    }
    const listed = (await storage.list(folder)).map((object) => object.name)
    if (listed.join() !== [created, written].join()) throw broken(storage, 'a listing does not show what was written')
    await storage.delete(written)
    await storage.delete(created)
    if ((await storage.list(folder)).length > 0) throw broken(storage, 'what was deleted is still listed')
  } catch (error) {
    if (isTidemarkError(error, 'InvalidConfiguration')) throw error
    await removeTraces(storage, [written, created])
    const ours = isRefusal(error) || (isTidemarkError(error) && error.class === 'input')
    const code = ours ? 'InvalidConfiguration' : 'StorageUnavailable'
    throw new TidemarkError(code, `The storage at ${storage.uri} cannot be used: ${messageOf(error)}`, {
      path: storage.uri,
      cause: error,
    })
  }
}

/** Best effort: what stays means nothing. */
async function removeTraces(storage: Storage, names: readonly string[]): Promise<void> {
  for (const name of names) await storage.delete(name).catch(() => undefined)
}

function broken(storage: Storage, observation: string): TidemarkError {
  const message = `The storage at ${storage.uri} cannot hold checkpoints: ${observation}; choose another one.`
  return new TidemarkError('InvalidConfiguration', message, { path: storage.uri })
}
