import { linkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files } from '../../src/connectors/files/files.js'
import { identityOf, parsePart } from '../../src/connectors/files/part-name.js'
import { namesIn, readCommitted } from './files-place.js'
import { scratch } from './scratch.js'
import { TinyJob, type TinySnapshot } from './tiny-job.js'

/**
 * A rename of which one folder was synced and the other was not when the machine lost its power: on a file system that does not keep renames
 * whole the file has both names then. It must never be visible twice, nor where it should not be, however the job goes on.
 */

const superseded = { pending: 'superseded/pending', committed: 'superseded/committed' }

test.each([
  { move: 'its commit', before: [], from: 'pending' },
  { move: 'its sweep', before: ['first'], from: '.' },
  { move: 'its return', before: ['first', 'last'], from: superseded.committed },
  { move: 'the sweep of what was pending', before: ['unnamed'], from: 'pending' },
] as const)(
  'a part that has both names of $move is visible where the restored snapshot covers it, and once',
  async ({ before, from }) => {
    const directory = join(scratch(), 'out')
    const job = new TinyJob()
    const run = job.begin(files(directory), undefined)
    await run.start()
    run.write(1)
    const first = await run.checkpoint()
    run.write(2)
    const number = await run.cut()
    const prepared = namesIn(directory, 'pending')[0] as string
    // Not known to be committed: whoever goes on from it finishes the commit.
    const named = run.publish(number)
    const snapshots: Record<string, TinySnapshot> = { first, named, unnamed: first }
    if (before[0] !== 'unnamed') {
      await run.commit()
      run.write(3)
      snapshots.last = await run.checkpoint()
    }
    await run.close()
    const { last = named } = snapshots
    const goOn = async (snapshot: TinySnapshot) => {
      const execution = job.begin(files(directory), snapshot)
      await execution.start()
      await execution.close()
      expect(readCommitted(directory)).toEqual(snapshot.values)
    }

    for (const step of before) await goOn(snapshots[step] ?? last)
    const places = ['.', superseded.committed, superseded.pending]
    const at = places.flatMap((place) => namesIn(directory, place).map((name) => ({ place, name })))
    const { place, name } = at.find((found) => isNameOf(found.name, prepared)) as { place: string; name: string }
    linkSync(join(directory, place, name), join(directory, from, prepared))

    for (const snapshot of [named, first, named, last, first, last, named, last, last]) await goOn(snapshot)
  },
)

function isNameOf(name: string, prepared: string): boolean {
  const part = parsePart(name)
  return part !== undefined && identityOf(part) === prepared
}
