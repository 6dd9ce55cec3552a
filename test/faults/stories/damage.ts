import { executionFolder } from '../../../src/checkpoint/paths.js'
import { stateFilesOf } from '../../../src/checkpoint/state-handle.js'
import { openSnapshot, verifySnapshot } from '../../../src/checkpoint-store/index.js'
import type { Storage } from '../../../src/storage/index.js'
import type { Armed } from '../../support/faults/faults.js'
import { orderAt } from '../steps-of-the-path.js'
import { type Scene, within } from './scene.js'

/**
 * A bit of the newest checkpoint's state flips, and a task fails: the job must not go on from it. It says what is damaged, and goes on from
 * the newest checkpoint that is whole.
 */
export async function damage({ job, auditor }: Scene): Promise<string | undefined> {
  const { range } = job
  const output = /^out\/JOB\/[^/]+\/in-progress\//
  const at = (op: 'write' | 'sync') => orderAt({ name: '', ops: [op], path: output }, job.id, range.directory)
  const cut = await range.faults.arm({ ...at('write'), when: 'before', action: { do: 'hold' } })
  let fail: Armed | undefined
  try {
    if ((await job.nudging(within(20_000, cut.struck))) === undefined) return undefined
    const newest = (await job.snapshots()).at(-1)
    if (newest === undefined) return undefined
    const { entry } = await openSnapshot(newest, range.roots)
    const file = stateFilesOf(entry.tasks).findLast(({ number }) => number === newest.number)
    if (file === undefined) return undefined
    auditor.damaged.push(file.path)
    const name = `${executionFolder(job.id, newest.execution)}/${file.path}`
    await flipBit(range.roots.data, name, Math.floor(file.size / 2))
    job.expectEnd()
    // Not before: of several tasks only one is held.
    fail = await range.faults.arm({ ...at('sync'), when: 'before', action: { do: 'fail', code: 'EIO' } })
    await cut.release()
    const end = await job.untilEnd()
    if (end.status !== 'FAILED' || !end.message.includes(file.path)) {
      throw new Error(`Job ${job.id} met damage and ended as ${JSON.stringify(end)}.`)
    }
    let whole: string | undefined
    for (const reference of await job.snapshots()) {
      if ((await verifySnapshot(reference, range.roots)).ok) whole = reference.uri
    }
    await job.start({ from: whole ?? 'none' })
    // What comes later may resume from any checkpoint that is kept, and is to be right each time.
    await flipBit(range.roots.data, name, Math.floor(file.size / 2))
    return `${file.path} of chk-${newest.number}`
  } finally {
    await fail?.disarm()
    await cut.disarm()
    await cut.release()
  }
}

async function flipBit(storage: Storage, name: string, offset: number): Promise<void> {
  const content = await storage.read(name)
  content.writeUInt8(content.readUInt8(offset) ^ 0x10, offset)
  await storage.write(name, content)
}
