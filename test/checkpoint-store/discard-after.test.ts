import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { SnapshotEntry } from '../../src/checkpoint/entry.js'
import { type StateHandle, stateFilesOf } from '../../src/checkpoint/state-handle.js'
import { DiscardsAfter, discard, pinByHand, unpinByHand } from '../../src/checkpoint-store/index.js'
import { steppingFileSystem, unsyncedFileSystem } from '../storage/stepping-file-system.js'
import { collectGarbage } from '../support/collect-garbage.js'
import { aborted, append, checkpoint, claim, job, Lab, publicationOf } from './lab.js'

/** Who publishes one checkpoint after the other, each with state of its own and, where asked, some that goes on to the next. */
class Owner {
  readonly #lab: Lab
  readonly #retained: number
  readonly discards = new DiscardsAfter()
  readonly published: WeakRef<SnapshotEntry>[] = []
  number = 0
  #claim = 0
  #alive: readonly number[] = []
  #shared: readonly StateHandle[] = []

  constructor(lab: Lab, retained: number) {
    this.#lab = lab
    this.#retained = retained
  }

  static async begin(lab: Lab, retained = 1): Promise<Owner> {
    await lab.log().create(lab.record())
    const owner = new Owner(lab, retained)
    await owner.claim()
    return owner
  }

  async claim(): Promise<void> {
    this.#claim = ++this.number
    await append(this.#lab.log(), claim(this.#claim, { alive: this.#alive, committedThrough: 0 }))
  }

  async abort(): Promise<void> {
    const number = ++this.number
    await this.#lab.stateFile(number)
    const options = { claim: this.#claim, alive: this.#alive }
    await this.#lab.log().abort(aborted(number, options), publicationOf(checkpoint(number, options)))
  }

  /** @param base whether it builds on the shared state of those before */
  async publish(base = false, lab = this.#lab): Promise<readonly string[]> {
    const number = ++this.number
    const own = await this.#lab.stateFile(number)
    const shared = await this.#lab.stateFile(number, { shared: true, content: `shared by ${number}` })
    this.#shared = base ? [...this.#shared, shared] : [shared]
    const part = `chk-${number}/part-0-h.json`
    await this.#lab.roots.metadata.write(`${job}/e1/${part}`, Buffer.from('a part'))
    this.#alive = [...this.#alive, number].slice(-this.#retained)
    const state = [own, ...this.#shared, lab.inlineState(number)]
    const entry = checkpoint(number, { claim: this.#claim, alive: this.#alive, state })
    this.published.push(new WeakRef(entry))
    await append(this.#lab.log(), entry)
    return this.discards.discard(lab.roots, { entry, parts: [part] })
  }
}

const person = { name: 'Ada', reason: 'to look at', at: '2026-01-01T00:00:00.000Z' }

const step = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('full', 'increment') },
  { weight: 1, arbitrary: fc.constantFrom('abort', 'claim', 'pin', 'unpin', 'another discards') },
)

it('leaves what a discard that looks would leave, whatever happens in between', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      async (steps, retained, apart) => {
        const lab = await Lab.inMemory(apart)
        const owner = await Owner.begin(lab, retained)
        let pinned: number | undefined
        for (const what of steps) {
          if (what === 'abort') await owner.abort()
          else if (what === 'claim') await owner.claim()
          else if (what === 'another discards') await discard(lab.roots, job, 'e1')
          else if (what === 'pin' && pinned === undefined) {
            pinned = (await lab.log().snapshots()).snapshots.at(0)?.number
            if (pinned !== undefined) await pinByHand(lab.roots, lab.reference(pinned), person)
          } else if (what === 'unpin' && pinned !== undefined) {
            await unpinByHand(lab.roots, lab.reference(pinned))
            pinned = undefined
          }
          if (what !== 'full' && what !== 'increment') continue
          await owner.publish(what === 'increment')
          expect((await discard(lab.roots, job, 'e1')).deleted).toEqual([])
          const files = await lab.files()
          const { snapshots, damaged } = await lab.log().snapshots()
          expect(damaged).toEqual([])
          const state = stateFilesOf(snapshots.flatMap(({ tasks }) => tasks))
          const root = apart ? 'data' : 'metadata'
          expect(files).toEqual(expect.arrayContaining(state.map(({ path }) => `${root}/${job}/e1/${path}`)))
        }
      },
    ),
  )
})

it('knows the names after the first, and asks for pins alone', async () => {
  const disk = await Lab.open()
  const looked: string[] = []
  const lab = disk.through(
    steppingFileSystem(({ call, path }) => {
      if (call === 'readFolder' || call === 'readFile') looked.push(path)
    }, unsyncedFileSystem),
  )
  const owner = await Owner.begin(disk)
  await owner.publish(false, lab)
  expect(looked.length).toBeGreaterThan(1)
  looked.length = 0
  const deleted = await owner.publish(false, lab)
  expect(deleted.map((uri) => uri.slice(uri.indexOf('/e1/') + 4)).sort()).toEqual([
    expect.stringMatching(/^chk-2\/2-.*\.state$/),
    'chk-2/_metadata',
    'chk-2/part-0-h.json',
    expect.stringMatching(/^shared\/2-.*\.state$/),
  ])
  expect(looked).toEqual([expect.stringMatching(/\/e1\/pins$/)])
})

it('leaves what another has left until the next claim', async () => {
  const lab = await Lab.inMemory()
  const owner = await Owner.begin(lab)
  await owner.publish()
  const stray = (await lab.stateFile(1, { content: 'late' })).path
  const strays = async () => (await lab.files()).filter((name) => name.endsWith(stray)).length
  await owner.publish()
  expect(await strays()).toBe(1)
  await owner.claim()
  await owner.publish()
  expect(await strays()).toBe(0)
})

it('looks now and then where nobody claims', async () => {
  const lab = await Lab.inMemory()
  const owner = await Owner.begin(lab)
  await owner.publish()
  const stray = (await lab.stateFile(1, { content: 'late' })).path
  const isThere = async () => (await lab.files()).some((name) => name.endsWith(stray))
  let discards = 0
  for (; await isThere(); discards++) await owner.publish()
  expect(discards).toBe(101)
})

it('looks again after a discard that failed', async () => {
  const disk = await Lab.inMemory()
  const owner = await Owner.begin(disk)
  await owner.publish()
  const broken = steppingFileSystem(({ call }) => {
    if (call === 'unlink') throw new Error('no')
  }, disk.fs)
  await expect(owner.publish(false, disk.through(broken))).rejects.toMatchObject({ code: 'StorageUnavailable' })
  await owner.publish()
  expect((await discard(disk.roots, job, 'e1')).deleted).toEqual([])
})

it('does not hold what lies in the metadata of what is kept', async () => {
  const owner = await Owner.begin(await Lab.open(), 10)
  for (let count = 0; count < 5; count++) await owner.publish()
  await new Promise(setImmediate) // what was looked at in this turn is not collected
  collectGarbage()
  expect(owner.published.map((entry) => entry.deref())).toEqual(Array(5).fill(undefined))
  expect(await owner.publish()).toEqual([])
})
