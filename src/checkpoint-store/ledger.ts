import { z } from 'zod'
import { defineCodec } from '../checkpoint/codec.js'
import { ledgerFolder, ledgerPath } from '../checkpoint/paths.js'
import { id } from '../checkpoint/schema-parts.js'
import { TidemarkError } from '../errors.js'
import { joinUri } from '../storage/index.js'
import { patience, readIfThere } from './read-log.js'
import type { Roots } from './roots.js'

/**
 * The objects `<job>/_collected/<nonce>`: ids of executions whose tombstones have gone. They are as deleted as before, and a recovery of
 * output must still know that they are closed, or it would leave what they had committed beside what a new execution writes.
 */
interface Ledger {
  readonly formatVersion: 1
  readonly executions: readonly string[]
}

const codec = defineCodec<Ledger>('ledger of collected executions', [
  z.strictObject({ formatVersion: z.literal(1), executions: z.array(id) }),
])

/** Beyond so many objects the next one takes all of them in. */
const mergedAt = 8

/** Ids of a job's executions that have been collected. An object that vanishes on the way was merged into another one. */
export async function readLedger(roots: Roots, job: string): Promise<ReadonlySet<string>> {
  return new Set((await readObjects(roots, job)).flatMap(({ executions }) => executions))
}

/** Adds ids. The object is durable when this resolves; until the tombstones have gone they say the same. */
export async function addToLedger(
  roots: Roots,
  job: string,
  executions: readonly string[],
  nonce: string,
): Promise<void> {
  const present = await readObjects(roots, job)
  const merge = present.length >= mergedAt ? present : []
  const all = [...new Set([...merge.flatMap((object) => object.executions), ...executions])].sort()
  const name = ledgerPath(job, nonce)
  await roots.metadata.write(name, codec.encode({ formatVersion: 1, executions: all }))
  // What another collector merged at the same time is in both of the new objects.
  for (const object of merge) if (object.name !== name) await roots.metadata.delete(object.name)
}

async function readObjects(roots: Roots, job: string) {
  for (let attempt = 0; attempt < patience; attempt++) {
    const found = await readListed(roots, job)
    if (found !== 'moved') return found
  }
  const path = joinUri(roots.metadata.uri, `${job}/${ledgerFolder}`)
  throw new TidemarkError('StorageUnavailable', `${path} changes faster than it can be read; try again.`, { path })
}

async function readListed(roots: Roots, job: string) {
  const found: { readonly name: string; readonly executions: readonly string[] }[] = []
  for (const { name } of await roots.metadata.list(`${job}/${ledgerFolder}`)) {
    const bytes = await readIfThere(roots.metadata, name)
    if (bytes === undefined) return 'moved'
    found.push({ name, executions: codec.decode(bytes, joinUri(roots.metadata.uri, name)).executions })
  }
  return found
}
