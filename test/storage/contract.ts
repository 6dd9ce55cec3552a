import { describe, expect, it } from 'vitest'
import { probe, type Storage } from '../../src/storage/index.js'
import { wholeOf } from '../support/whole-of.js'

/** A name that only some servers take. */
const lineBreak = 'line\nbreak'

/**
 * What every driver must do. `open` makes a store of its own for the test that runs.
 * @param options where a server, not its driver, cannot do a thing that we do not need
 */
export function storageContract(
  driver: string,
  open: () => Promise<Storage>,
  options: { readonly lineBreaks?: boolean } = {},
): void {
  const bytes = (text: string) => Buffer.from(text)
  const names = async (storage: Storage, folder = '') => (await storage.list(folder)).map((object) => object.name)

  describe(`the storage contract, ${driver}`, () => {
    it('reads back what was written, and the newer content after a second write', async () => {
      const storage = await open()
      await storage.write('a/b', bytes('one'))
      expect(await storage.read('a/b')).toEqual(bytes('one'))
      await storage.write('a/b', bytes('two'))
      expect(await storage.read('a/b')).toEqual(bytes('two'))
    })

    it('writes a stream as one object', async () => {
      const storage = await open()
      async function* chunks() {
        for (let index = 0; index < 100; index++) yield bytes(`${index},`)
      }
      await storage.write('stream', chunks())
      expect((await storage.read('stream')).toString().split(',')).toHaveLength(101)
    })

    it('looks no more at a chunk that it has released', async () => {
      const storage = await open()
      const chunk = (index: number) => Buffer.alloc(index % 3 === 0 ? 10 : 200_000 + index, index)
      async function* chunks() {
        for (let index = 0; index < 120; index++) yield chunk(index)
      }
      await storage.write('stream', chunks(), { release: (released) => released.fill(0xff) })
      const expected = await wholeOf(chunks())
      expect((await storage.read('stream')).equals(expected)).toBe(true)
    })

    it('reads ranges, cut short where the object ends', async () => {
      const storage = await open()
      await storage.write('digits', bytes('0123456789'))
      for (const [start, end, expected] of [
        [0, undefined, '0123456789'],
        [3, undefined, '3456789'],
        [0, 4, '0123'],
        [4, 6, '45'],
        [9, 10, '9'],
        [8, 1000, '89'],
        [5, 5, ''],
        [10, undefined, ''],
        [10, 20, ''],
        [99, undefined, ''],
      ] as const) {
        const range = end === undefined ? { start } : { start, end }
        expect(String(await storage.read('digits', range)), `${start} to ${end}`).toBe(expected)
        expect(String(await wholeOf(storage.readStream('digits', range))), `${start} to ${end}`).toBe(expected)
      }
      await storage.write('empty', bytes(''))
      for (const start of [0, 3]) expect(await storage.read('empty', { start })).toEqual(bytes(''))
      expect(await wholeOf(storage.readStream('empty'))).toEqual(bytes(''))
    })

    it('streams a large object in chunks, and any range of it', async () => {
      const storage = await open()
      const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31 + (index >> 8)) % 256))
      await storage.write('large', large)
      let size = 0
      for await (const chunk of storage.readStream('large')) {
        expect(large.subarray(size, size + chunk.length).equals(chunk)).toBe(true)
        expect(chunk.length).toBeLessThan(1_100_000)
        size += chunk.length
      }
      expect(size).toBe(large.length)
      const [start, end] = [999_999, 2_000_001]
      expect((await wholeOf(storage.readStream('large', { start, end }))).equals(large.subarray(start, end))).toBe(true)
      // Who has done with each chunk before the next one gets the same.
      const copies: Buffer[] = []
      for await (const chunk of storage.readStream('large', { start, end }, { reuse: true })) {
        copies.push(Buffer.from(chunk))
      }
      expect(Buffer.concat(copies).equals(large.subarray(start, end))).toBe(true)
      // Who stops early can use the store as before.
      for await (const _ of storage.readStream('large')) break
      expect((await storage.read('large')).equals(large)).toBe(true)
    })

    it('leaves nothing of a stream that fails, and keeps the content before', async () => {
      const storage = await open()
      await storage.write('kept', bytes('before'))
      async function* failing() {
        yield bytes('half')
        throw new Error('the producer failed')
      }
      await expect(storage.write('kept', failing())).rejects.toThrow('the producer failed')
      await expect(storage.write('new', failing())).rejects.toThrow('the producer failed')
      expect(await storage.read('kept')).toEqual(bytes('before'))
      expect(await names(storage)).toEqual(['kept'])
    })

    it('holds empty and large objects', async () => {
      const storage = await open()
      const large = Buffer.alloc(5_000_000, 7)
      await storage.write('empty', Buffer.alloc(0))
      await storage.createIfAbsent('large', large)
      expect((await storage.read('empty')).length).toBe(0)
      expect((await storage.read('large')).equals(large)).toBe(true)
      expect((await storage.list('')).map((object) => object.size)).toEqual([0, 5_000_000])
    })

    it('lets exactly one of 16 racers create a name, and everyone sees its content', async () => {
      const storage = await open()
      for (let round = 0; round < 10; round++) {
        const name = `race/${round}`
        const outcomes = await Promise.all(
          Array.from({ length: 16 }, (_, racer) => storage.createIfAbsent(name, bytes(`racer ${racer}`))),
        )
        expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1)
        expect((await storage.read(name)).toString()).toBe(`racer ${outcomes.indexOf('created')}`)
      }
    })

    it('does not touch what exists', async () => {
      const storage = await open()
      expect(await storage.createIfAbsent('one', bytes('first'))).toBe('created')
      expect(await storage.createIfAbsent('one', bytes('second'))).toBe('exists')
      expect(await storage.read('one')).toEqual(bytes('first'))
    })

    it('answers ObjectNotFound for a name that is not there, and for a folder', async () => {
      const storage = await open()
      await storage.write('folder/file', bytes('x'))
      await expect(storage.read('nothing')).rejects.toMatchObject({ code: 'ObjectNotFound' })
      await expect(storage.read('no/such/folder')).rejects.toMatchObject({ code: 'ObjectNotFound' })
      await expect(storage.read('folder')).rejects.toMatchObject({ code: 'ObjectNotFound' })
      for (const name of ['nothing', 'no/such/folder', 'folder']) {
        await expect(storage.read(name, { start: 1 })).rejects.toMatchObject({ code: 'ObjectNotFound' })
        await expect(wholeOf(storage.readStream(name))).rejects.toMatchObject({ code: 'ObjectNotFound' })
      }
    })

    it('deletes idempotently, and lists nothing of it', async () => {
      const storage = await open()
      await storage.write('a/b/c', bytes('x'))
      await storage.write('a/d', bytes('x'))
      await storage.delete('a/b/c')
      await storage.delete('a/b/c')
      await storage.delete('never/was')
      expect(await names(storage)).toEqual(['a/d'])
      await expect(storage.read('a/b/c')).rejects.toMatchObject({ code: 'ObjectNotFound' })
    })

    it('deletes many at once, whether they are there or not', async () => {
      const storage = await open()
      const doomed = Array.from({ length: 30 }, (_, index) => `a/${index % 3}/${index}`)
      for (const name of [...doomed, 'a/stays']) await storage.write(name, bytes('x'))
      await storage.deleteAll([...doomed, 'never/was', doomed[0] ?? ''])
      expect(await names(storage)).toEqual(['a/stays'])
      await storage.deleteAll([])
      await storage.deleteAll(doomed)
      expect(await names(storage)).toEqual(['a/stays'])
    })

    it('does not take a folder for an object when it deletes', async () => {
      const storage = await open()
      await storage.write('a/b', bytes('x'))
      await storage.delete('a')
      expect(await names(storage)).toEqual(['a/b'])
    })

    it('lists below a folder, recursively, in name order; a missing folder is empty', async () => {
      const storage = await open()
      for (const name of ['b', 'a/2', 'a/1/x', 'ab', 'a/10']) await storage.write(name, bytes(name))
      expect(await names(storage)).toEqual(['a/1/x', 'a/10', 'a/2', 'ab', 'b'])
      expect(await names(storage, 'a')).toEqual(['a/1/x', 'a/10', 'a/2'])
      expect(await names(storage, 'a/1')).toEqual(['a/1/x'])
      expect(await names(storage, 'missing')).toEqual([])
      for (const folder of ['', 'a', 'a/1', 'missing']) {
        expect(await storage.listNames(folder)).toEqual(await names(storage, folder))
      }
    })

    it('lists the names in chosen folders, and in the folder itself', async () => {
      const storage = await open()
      for (const name of ['a/b/x', 'a/b/c/x', 'a/c/b/x', 'a/x', 'b/x']) await storage.write(name, bytes(name))
      const b = (name: string) => name === 'b'
      expect(await storage.listNames('a', b)).toEqual(['a/b/c/x', 'a/b/x', 'a/x'])
      expect(await storage.listNames('', b)).toEqual(['b/x'])
      expect(await storage.listNames('', () => false)).toEqual([])
      expect(await storage.listNames('a/b', b)).toEqual(['a/b/x'])
      expect(await storage.listNames('missing', b)).toEqual([])
    })

    it('shows what need not be durable as soon as it is written, in the place of what was there', async () => {
      const storage = await open()
      await storage.write('a/x', bytes('old'))
      await storage.write('a/x', bytes('new'), { durable: false })
      expect((await storage.read('a/x')).toString()).toBe('new')
    })

    it('lists more than servers tell at once, in order', async () => {
      const storage = await open()
      // S3 tells 1000 objects of all folders at once, HDFS 1000 of one.
      const many = Array.from(
        { length: 1300 },
        (_, index) => `many/${index < 1100 ? 'one' : index % 7}/object ${index}`,
      )
      for (let first = 0; first < many.length; first += 50) {
        await Promise.all(many.slice(first, first + 50).map((name) => storage.write(name, bytes('x'))))
      }
      expect(await names(storage)).toEqual([...many].sort())
      expect(await names(storage, 'many/one')).toHaveLength(1100)
      await storage.deleteAll(many)
      expect(await names(storage)).toEqual([])
    }, 180_000)

    it('tells size and time of each object', async () => {
      const storage = await open()
      const before = Date.now()
      await storage.write('five', bytes('12345'))
      const [object] = await storage.list('')
      expect(object?.size).toBe(5)
      // File systems stamp from a clock that ticks every few milliseconds.
      expect(object?.modifiedAt).toBeGreaterThan(before - 1000)
      expect(object?.modifiedAt).toBeLessThan(Date.now() + 1000)
    })

    it.each([
      'with space',
      'ünïcödé/日本語',
      '100%/%2F',
      'quote\'"',
      'a:b',
      '#hash?query',
      'back\\slash',
      '-dash',
      '~',
      ...(options.lineBreaks === false ? [] : [lineBreak]),
    ])('takes the name %j as it is', async (name) => {
      const storage = await open()
      await storage.write(name, bytes(name))
      expect(await storage.createIfAbsent(name, bytes('other'))).toBe('exists')
      expect((await storage.read(name)).toString()).toBe(name)
      expect(await names(storage)).toEqual([name])
      await storage.delete(name)
      expect(await names(storage)).toEqual([])
    })

    it.each([
      '',
      '/absolute',
      'trailing/',
      'a//b',
      '.',
      '..',
      '../x',
      'a/../b',
      'a/./b',
      'nul\0',
      '.tmp-x',
      'a/.tmp-',
      'x'.repeat(256),
      '\ud800',
    ])('refuses the name %j', async (name) => {
      const storage = await open()
      const refusal = { code: 'InvalidPath' }
      await expect(storage.read(name)).rejects.toMatchObject(refusal)
      await expect(storage.write(name, bytes('x'))).rejects.toMatchObject(refusal)
      await expect(storage.createIfAbsent(name, bytes('x'))).rejects.toMatchObject(refusal)
      await expect(wholeOf(storage.readStream(name))).rejects.toMatchObject(refusal)
      await expect(storage.delete(name)).rejects.toMatchObject(refusal)
      await expect(storage.deleteAll([name])).rejects.toMatchObject(refusal)
      if (name !== '') await expect(storage.list(name)).rejects.toMatchObject(refusal)
      expect(await names(storage)).toEqual([])
    })

    it('survives writers and deleters in one folder', async () => {
      const storage = await open()
      const write = async (lane: number) => {
        for (let round = 0; round < 30; round++) {
          const name = `busy/deep/${lane}-${round}`
          await storage.createIfAbsent(name, bytes(name))
          await storage.write(name, bytes(name))
          expect((await storage.read(name)).toString()).toBe(name)
          await storage.delete(name)
        }
      }
      await Promise.all([write(0), write(1), write(2), write(3)])
      expect(await names(storage)).toEqual([])
    })

    it('tidies without touching objects', async () => {
      const storage = await open()
      await storage.write('a/b', bytes('x'))
      await storage.tidy('', 'all')
      await storage.tidy('missing', 'dead')
      expect(await names(storage)).toEqual(['a/b'])
    })

    it('passes the probe, which leaves nothing behind', async () => {
      const storage = await open()
      await probe(storage, 'n1')
      expect(await names(storage)).toEqual([])
    })
  })
}
