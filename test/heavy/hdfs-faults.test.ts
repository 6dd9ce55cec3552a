import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { HdfsStorage } from '../../src/storage/hdfs/hdfs-storage.js'
import { parseHdfsUri } from '../../src/storage/hdfs/hdfs-uri.js'
import { openHdfs } from '../../src/storage/hdfs/open-hdfs.js'
import { seedOfThisRun } from '../jobs/random.js'
import { type Fault, FaultProxy, type ProxiedRequest } from '../support/fault-proxy.js'
import { manyWriters } from '../support/many-writers.js'
import { randomFaults } from '../support/random-faults.js'
import { hdfsRefusal, retryLater } from '../support/servers/hdfs/hdfs-answers.js'
import { type HdfsServer, startHdfs } from '../support/servers/hdfs/hdfs-server.js'
import { wholeOf } from '../support/whole-of.js'

let server: HdfsServer
let proxy: FaultProxy

beforeAll(async () => {
  server = await startHdfs()
  Object.assign(process.env, server.env)
  proxy = await FaultProxy.start(`http://${server.http}`)
})
afterAll(async () => {
  await proxy.close()
  await server.stop()
})
afterEach(() => {
  proxy.plan(() => undefined)
})

/** So that what hangs is given up while a test waits. */
const impatient = { properties: { 'dfs.webhdfs.socket.read-timeout': '3s' } }

function storageAt(http: string, folder: string): HdfsStorage {
  const uri = parseHdfsUri(`webhdfs://${http}/${folder}`)
  if (uri === undefined) throw new Error('no URI of HDFS')
  return openHdfs(uri, impatient)
}

/** One place, seen through the proxy and directly. */
function place(): { readonly through: HdfsStorage; readonly direct: HdfsStorage } {
  const folder = `faults/${randomUUID()}`
  return { through: storageAt(new URL(proxy.origin).host, folder), direct: storageAt(server.http, folder) }
}

/** The fault strikes the `nth` matching request and no other; answers whether it did. */
function strikeOnce(fault: Fault, matches: (request: ProxiedRequest) => boolean, nth = 1): () => boolean {
  let seen = 0
  let struck = false
  proxy.plan((request) => {
    if (struck || !matches(request) || ++seen !== nth) return undefined
    struck = true
    return fault
  })
  return () => struck
}

const operation = (name: string) => (request: ProxiedRequest) => request.url.includes(`op=${name}`)
/** What goes to the data node. */
const atDataNode = (request: ProxiedRequest) => request.url.includes('namenoderpcaddress=')

const faults: readonly Fault[] = [
  'reset',
  'half request',
  'lost answer',
  'half answer',
  { status: 500 },
  hdfsRefusal(403, 'StandbyException'),
  retryLater,
  hdfsRefusal(
    403,
    'IOException',
    'Unable to close file because the last block x does not have enough number of replicas.',
  ),
]
const nameOf = (fault: Fault) =>
  typeof fault === 'string' ? fault : `${fault.status} ${/"exception":"(\w+)/.exec(fault.body ?? '')?.[1] ?? ''}`
const small = Buffer.from('small')
const large = Buffer.from(Array.from({ length: 6_000_000 }, (_, index) => (index * 7 + (index >> 9)) % 256))
async function* streamed(content: Buffer) {
  for (let at = 0; at < content.length; at += 1_000_000) yield content.subarray(at, at + 1_000_000)
}

describe.each(faults.map((fault) => ({ fault, name: nameOf(fault) })))('after $name, once', ({ fault }) => {
  it('create-if-absent has created, or finds the name taken by another, whichever of its requests is struck', async () => {
    const { through, direct } = place()
    await direct.write('taken', Buffer.from('before'))
    // The folder, the upload to the name node and to the data node, RENAME.
    for (let nth = 1; nth <= 4; nth++) {
      const struck = strikeOnce(fault, () => true, nth)
      expect(await through.createIfAbsent(`new-${nth}/x`, small), `request ${nth}`).toBe('created')
      expect(struck()).toBe(true)
      expect(await direct.read(`new-${nth}/x`)).toEqual(small)
    }
    for (let nth = 1; nth <= 3; nth++) {
      strikeOnce(fault, () => true, nth)
      expect(await through.createIfAbsent('taken', small)).toBe('exists')
    }
    expect(String(await direct.read('taken'))).toBe('before')
  })

  it('reads come whole', async () => {
    const { through, direct } = place()
    await direct.write('large', large)
    for (let nth = 1; nth <= 2; nth++) {
      const struck = strikeOnce(fault, () => true, nth)
      expect((await through.read('large')).equals(large)).toBe(true)
      expect(struck()).toBe(true)
    }
    for (let nth = 1; nth <= 3; nth++) {
      const struck = strikeOnce(fault, () => true, nth)
      const range = { start: 1_000_000, end: 5_000_000 }
      const read = await wholeOf(through.readStream('large', range))
      expect(read.equals(large.subarray(range.start, range.end))).toBe(true)
      expect(struck()).toBe(true)
    }
    strikeOnce(fault, () => true)
    await expect(through.read('missing')).rejects.toMatchObject({ code: 'ObjectNotFound' })
  })

  it('writes, listings and deletions are done', async () => {
    const { through, direct } = place()
    for (let nth = 1; nth <= 4; nth++) {
      strikeOnce(fault, () => true, nth)
      await through.write('a/b', Buffer.from(`content ${nth}`))
      expect(String(await direct.read('a/b'))).toBe(`content ${nth}`)
    }
    strikeOnce(fault, () => true)
    expect((await through.list('')).map(({ name }) => name)).toEqual(['a/b'])
    strikeOnce(fault, () => true)
    await through.delete('a/b')
    for (const name of ['b', 'c']) await direct.write(name, small)
    strikeOnce(fault, () => true)
    await through.deleteAll(['b', 'c'])
    strikeOnce(fault, () => true)
    await through.tidy('', 'all')
    expect(await direct.list('')).toEqual([])
  })
})

it('a long stream is written although the answer to it is lost', async () => {
  const { through, direct } = place()
  const struck = strikeOnce('lost answer', atDataNode)
  await through.write('long', streamed(large))
  expect(struck()).toBe(true)
  expect((await direct.read('long')).equals(large)).toBe(true)
})

it('a long stream that is lost on its way fails, and leaves what was there before', async () => {
  const { through, direct } = place()
  await direct.write('long', small)
  // All of it is taken, and none of it arrives.
  strikeOnce('hang', atDataNode)
  await expect(through.write('long', streamed(large))).rejects.toMatchObject({ code: 'StorageUnavailable' })
  expect(await direct.read('long')).toEqual(small)
})

it('a lost RENAME is not taken for its own success where another writer has the name', async () => {
  const { through, direct } = place()
  await direct.write('x', Buffer.from('other'))
  strikeOnce('lost answer', operation('RENAME'))
  expect(await through.createIfAbsent('x', small)).toBe('exists')
  expect(String(await direct.read('x'))).toBe('other')
})

it('a file that is replaced while it is read is not read on', async () => {
  const { through, direct } = place()
  await direct.write('x', large)
  const reading = through.readStream('x')[Symbol.asyncIterator]()
  strikeOnce('half answer', atDataNode)
  const first = await reading.next()
  expect(large.subarray(0, first.value?.length).equals(first.value as Buffer)).toBe(true)
  await direct.write('x', Buffer.alloc(large.length, 1))
  const rest = (async () => {
    let length = first.value?.length ?? 0
    for (let next = await reading.next(); next.done !== true; next = await reading.next()) length += next.value.length
    return length
  })()
  await expect(rest).rejects.toMatchObject({ code: 'StorageUnavailable', message: expect.stringContaining('replaced') })
})

it('what hangs is given up and tried again, and its late success is recognised', async () => {
  const { through, direct } = place()
  await direct.write('there', small)
  const hung = new Set<string>()
  proxy.plan(({ method, url }) => {
    const what = `${method} ${url.replace(/\.tmp-[^?&]*/g, '')}`
    if (hung.has(what)) return undefined
    hung.add(what)
    return method === 'PUT' ? 'hang after' : 'hang'
  })
  expect(await through.createIfAbsent('new', small)).toBe('created')
  expect(await through.read('there')).toEqual(small)
  expect((await through.list('')).map(({ name }) => name)).toEqual(['new', 'there'])
  await through.delete('new')
  expect((await direct.list('')).map(({ name }) => name)).toEqual(['there'])
})

it.each<[string, Fault, RegExp]>([
  ['a server that breaks every connection', 'reset', /gave no whole answer/],
  ['a server at fault', hdfsRefusal(500, 'IOException', 'disk'), /failed \(disk\)/],
  ['a standby', hdfsRefusal(403, 'StandbyException'), /is a standby name node; name the service/],
  ['safe mode', hdfsRefusal(403, 'SafeModeException'), /in safe mode; wait until/],
  [
    'a user who may not',
    hdfsRefusal(403, 'AccessControlException', 'Permission denied: user=x'),
    /Permission denied: user=x; set HADOOP_USER_NAME/,
  ],
  ['Kerberos', { status: 401, body: '<html>' }, /demands a login/],
  ['a quota', hdfsRefusal(403, 'DSQuotaExceededException', 'The quota is exceeded'), /raise the quota/],
  ['another server', { status: 404, body: 'It looks like an IPC port' }, /does not speak WebHDFS/],
])('%s, for ever, is StorageUnavailable with one sentence, never "not there"', async (_, fault, message) => {
  const { through } = place()
  proxy.plan(() => fault)
  const attempts: readonly Promise<unknown>[] = [
    through.read('x'),
    through.createIfAbsent('x', small),
    through.write('x', small),
    through.list(''),
    through.delete('x'),
  ]
  for (const settled of await Promise.allSettled(attempts)) {
    expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'StorageUnavailable' } })
    expect(String((settled as PromiseRejectedResult).reason.message)).toMatch(message)
  }
})

it('of a name service, the name node that is active is found, and found again after it has changed', async () => {
  const other = await FaultProxy.start(`http://${server.http}`)
  try {
    const properties = {
      'dfs.nameservices': 'prod',
      'dfs.ha.namenodes.prod': 'first,second,gone',
      'dfs.namenode.http-address.prod.first': new URL(proxy.origin).host,
      'dfs.namenode.http-address.prod.second': new URL(other.origin).host,
      // Nobody listens there.
      'dfs.namenode.http-address.prod.gone': '127.0.0.1:1',
    }
    const uri = parseHdfsUri(`hdfs://prod/faults/${randomUUID()}`)
    if (uri === undefined) throw new Error('no URI of HDFS')
    const storage = openHdfs(uri, { properties })
    const standby = hdfsRefusal(403, 'StandbyException')
    // Data nodes have no such state.
    const stands = (request: ProxiedRequest) => (atDataNode(request) ? undefined : standby)
    proxy.plan(stands)
    expect(await storage.createIfAbsent('a', small)).toBe('created')
    proxy.plan(() => undefined)
    other.plan(stands)
    expect(await storage.createIfAbsent('a', small)).toBe('exists')
    await storage.write('b', small)
    expect((await storage.list('')).map(({ name }) => name)).toEqual(['a', 'b'])
  } finally {
    await other.close()
  }
})

it('asks no more often than it must', async () => {
  const counting = await FaultProxy.start(`http://${server.http}`)
  onTestFinished(() => counting.close())
  const through = storageAt(new URL(counting.origin).host, `faults/${randomUUID()}`)
  const asked = async (work: () => Promise<unknown>) => {
    const before = counting.requests.length
    await work()
    return counting.requests.slice(before).map(({ url }) => /op=(\w+)/.exec(url)?.[1])
  }
  const upload = ['CREATE', 'CREATE', 'RENAME']
  expect(await asked(() => through.createIfAbsent('f/a', small))).toEqual(['MKDIRS', ...upload])
  expect(await asked(() => through.write('f/b', small))).toEqual(upload)
  expect(await asked(() => through.createIfAbsent('f/b', small))).toEqual([...upload, 'DELETE'])
  expect(await asked(() => through.write('f/c', streamed(large)))).toEqual(upload)
  expect(await asked(() => through.read('f/a'))).toEqual(['OPEN', 'OPEN'])
  expect(await asked(() => wholeOf(through.readStream('f/c')))).toEqual(['GETFILESTATUS', 'OPEN', 'OPEN'])
  // One for each folder.
  expect(await asked(() => through.list(''))).toEqual(['LISTSTATUS_BATCH', 'LISTSTATUS_BATCH'])
  // The file, and then its folder, which is not empty.
  expect(await asked(() => through.delete('f/a'))).toEqual(['DELETE', 'DELETE'])
  expect(await asked(() => through.deleteAll(['f/b', 'f/c']))).toEqual(['DELETE', 'DELETE', 'DELETE'])
})

it('a server that is killed and comes back with what it had', async () => {
  const { direct } = place()
  expect(await direct.createIfAbsent('before', small)).toBe('created')
  await server.kill()
  await expect(direct.read('before')).rejects.toMatchObject({
    code: 'StorageUnavailable',
    message: expect.stringContaining('cannot be reached'),
  })
  const waiting = direct.list('')
  waiting.catch(() => {})
  await server.restart()
  expect(await direct.read('before')).toEqual(small)
  expect(await direct.createIfAbsent('before', Buffer.from('other'))).toBe('exists')
  await direct.write('after', small)
  expect((await direct.list('')).map(({ name }) => name)).toEqual(['after', 'before'])
})

it('many writers through random faults: one winner each, and what was acknowledged is there', async () => {
  const seed = seedOfThisRun()
  proxy.plan(randomFaults(seed, 0.1, retryLater))
  await manyWriters(place(), seed + 1)
})
