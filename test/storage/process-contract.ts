import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Storage } from '../../src/storage/index.js'

const script = fileURLToPath(new URL('./fixtures/storage-process.mjs', import.meta.url))

export interface SharedStore {
  readonly storage: Storage
  /** With which another process reaches the same store. */
  readonly env?: NodeJS.ProcessEnv
}

/**
 * What every driver must do for several processes, and for one that is killed. `open` makes a store of its own for the test that runs.
 * @param megabytes size of the large file
 */
export function processContract(driver: string, open: () => Promise<SharedStore>, megabytes: number): void {
  describe(`the storage contract between processes, ${driver}`, () => {
    it('has one winner among 16 racers in four processes, and everyone sees its content', async () => {
      const store = await open()
      const children = Array.from({ length: 4 }, (_, index) => start(store, 'race', 'deep/er/prize', String(index)))
      for (const child of children) expect(await child.nextLine()).toBe('ready')
      for (const { child } of children) child.stdin?.write('go\n')
      const outcomes = (await Promise.all(children.map((child) => child.nextLine()))).flatMap((line) => line.split(','))
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(15)
      const winner = outcomes.indexOf('created')
      expect(String(await store.storage.read('deep/er/prize'))).toBe(`${Math.floor(winner / 4)}-${winner % 4}`)
      expect(await names(store)).toEqual(['deep/er/prize'])
    })

    it('holds what was acknowledged, and the rest whole or not at all, where a writer is killed in mid-body', async () => {
      const store = await open()
      const { child, nextLine } = start(store, 'create', 'many')
      for (const expected of ['0', '1', '2']) expect(await nextLine()).toBe(expected)
      await kill(child)
      const found = await store.storage.list('many')
      expect(found.length).toBeGreaterThanOrEqual(3)
      const isWhole = async (number: number) =>
        (await store.storage.read(`many/${number}`)).equals(Buffer.alloc(4 * 1024 * 1024, number))
      for (let number = 0; number < found.length; number++) expect(await isWhole(number), `many/${number}`).toBe(true)
      // What was in the writer's hands has its name with all its content by now, or leaves the name to others.
      const next = found.length
      const outcome = await store.storage.createIfAbsent(`many/${next}`, Buffer.from('x'))
      expect(outcome === 'created' || (await isWhole(next))).toBe(true)
    })

    it('holds what was there before, where a writer of a long stream is killed', async () => {
      const store = await open()
      await store.storage.write('there', Buffer.from('before'))
      for (const name of ['there', 'new']) {
        const { child, nextLine } = start(store, 'half', name)
        expect(await nextLine()).toBe('half')
        await kill(child)
      }
      expect(String(await store.storage.read('there'))).toBe('before')
      expect(await names(store)).toEqual(['there'])
      const told: string[] = []
      const tidy = () =>
        store.storage.tidy('', 'all', async (unfinished) => {
          told.push(...unfinished)
        })
      await tidy()
      for (const name of told) expect(name).toMatch(/^(there|new|\.tmp-\S+)$/)
      const once = told.length
      await tidy()
      expect(told).toHaveLength(once)
      await store.storage.write('new', Buffer.from('after'))
      expect(String(await store.storage.read('new'))).toBe('after')
    })

    it(`streams ${megabytes} MB out and back in less than 150 MB of memory`, async () => {
      const store = await open()
      const [written, ...memory] = (await start(store, 'write', 'large', String(megabytes)).nextLine()).split(' ')
      const [read, ...more] = (await start(store, 'read', 'large').nextLine()).split(' ')
      expect(read).toBe(written)
      expect(read).toMatch(/^[0-9a-f]{64}$/)
      const peaks = [...memory, ...more].map(Number)
      console.log(`${driver}: most memory of the writer and the reader, MB: ${peaks.join(', ')}`)
      expect(peaks).toHaveLength(2)
      for (const peak of peaks) expect(peak).toBeLessThan(150)
    })
  })
}

function start(store: SharedStore, mode: string, ...args: string[]) {
  const child = spawn(process.execPath, ['--expose-gc', script, mode, store.storage.uri, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...store.env },
  })
  onTestFinished(() => kill(child))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, nextLine: async () => String((await lines.next()).value) }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function names({ storage }: SharedStore): Promise<string[]> {
  return (await storage.list('')).map((object) => object.name)
}
