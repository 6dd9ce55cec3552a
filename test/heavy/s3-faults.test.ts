import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { probe, type Storage } from '../../src/storage/index.js'
import type { S3Storage } from '../../src/storage/s3/s3-storage.js'
import { seedOfThisRun } from '../jobs/random.js'
import { s3Storage } from '../storage/s3-contract.js'
import { type Fault, FaultProxy, type ProxiedRequest } from '../support/fault-proxy.js'
import { manyWriters } from '../support/many-writers.js'
import { randomFaults } from '../support/random-faults.js'
import { startMinio } from '../support/servers/minio.js'
import { s3Refusal, slowDown } from '../support/servers/s3-answers.js'
import { createBucket, type S3Server } from '../support/servers/s3-server.js'

let server: S3Server
let proxy: FaultProxy

beforeAll(async () => {
  server = await startMinio()
  Object.assign(process.env, server.env)
  await createBucket(server, 'faults')
  proxy = await FaultProxy.start(server.endpoint)
})
afterAll(async () => {
  await proxy.close()
  await server.stop()
})
afterEach(() => {
  proxy.plan(() => undefined)
  vi.useRealTimers()
})

/** One place, seen through the proxy and directly. */
function place(): { readonly through: S3Storage; readonly direct: S3Storage } {
  const folder = randomUUID()
  return {
    through: s3Storage({ endpoint: proxy.origin }, 'faults', folder),
    direct: s3Storage(server, 'faults', folder),
  }
}

/** The fault strikes the `nth` matching request and no other; answers whether it did. */
function strikeOnce(fault: Fault, matches: (request: ProxiedRequest) => boolean, nth = 1): () => boolean {
  let seen = 0
  let struck = false
  proxy.plan((request) => {
    if (!matches(request) || ++seen !== nth) return undefined
    struck = true
    return fault
  })
  return () => struck
}

const faults: readonly Fault[] = [
  'reset',
  'half request',
  'lost answer',
  'half answer',
  { status: 500 },
  s3Refusal(500, 'InternalError'),
  slowDown,
]
const nameOf = (fault: Fault) =>
  typeof fault === 'string' ? fault : `${fault.status} ${/<Code>(\w+)/.exec(fault.body ?? '')?.[1] ?? ''}`
const small = Buffer.from('small')
const large = Buffer.from(Array.from({ length: 20_000_000 }, (_, index) => (index * 7 + (index >> 9)) % 256))

describe.each(faults.map((fault) => ({ fault, name: nameOf(fault) })))('after $name, once', ({ fault }) => {
  const any = () => true

  it('create-if-absent has created, or finds the name taken by another', async () => {
    const { through, direct } = place()
    const struck = strikeOnce(fault, any)
    expect(await through.createIfAbsent('new', small)).toBe('created')
    expect(struck()).toBe(true)
    expect(await direct.read('new')).toEqual(small)
    await direct.write('taken', Buffer.from('before'))
    strikeOnce(fault, any)
    expect(await through.createIfAbsent('taken', small)).toBe('exists')
    expect(String(await direct.read('taken'))).toBe('before')
  })

  it('reads come whole', async () => {
    const { through, direct } = place()
    await direct.write('large', large)
    const struck = strikeOnce(fault, any)
    expect((await through.read('large')).equals(large)).toBe(true)
    expect(struck()).toBe(true)
    strikeOnce(fault, any)
    const range = { start: 1_000_000, end: 9_000_000 }
    expect((await through.read('large', range)).equals(large.subarray(range.start, range.end))).toBe(true)
    strikeOnce(fault, any)
    await expect(through.read('missing')).rejects.toMatchObject({ code: 'ObjectNotFound' })
  })

  it('writes, listings and deletions are done', async () => {
    const { through, direct } = place()
    strikeOnce(fault, any)
    await through.write('a', small)
    strikeOnce(fault, any)
    expect((await through.list('')).map(({ name }) => name)).toEqual(['a'])
    strikeOnce(fault, any)
    await through.delete('a')
    for (const name of ['b', 'c']) await direct.write(name, small)
    strikeOnce(fault, any)
    await through.deleteAll(['b', 'c'])
    strikeOnce(fault, any)
    await through.tidy('', 'all')
    expect(await direct.list('')).toEqual([])
  })

  it('a write in parts is whole, whichever of its requests is struck', async () => {
    const { through, direct } = place()
    // One to begin, three parts, one to complete.
    for (let nth = 1; nth <= 5; nth++) {
      const struck = strikeOnce(fault, any, nth)
      await through.write(`large-${nth}`, large)
      expect(struck()).toBe(true)
      expect((await direct.read(`large-${nth}`)).equals(large), `request ${nth}`).toBe(true)
    }
  })
})

it('what hangs is given up and tried again, and its late success is recognised', async () => {
  const { through, direct } = place()
  await direct.write('there', small)
  const hung = new Set<string>()
  proxy.plan(({ method, url }) => {
    const what = `${method} ${url}`
    if (hung.has(what)) return undefined
    hung.add(what)
    return method === 'PUT' ? 'hang after' : 'hang'
  })
  const [created, read, listed] = await Promise.all([
    through.createIfAbsent('new', small),
    through.read('there'),
    through.list(''),
    through.write('other', small),
  ])
  expect(created).toBe('created')
  expect(read).toEqual(small)
  expect(listed.map(({ name }) => name)).toContain('there')
  expect(await direct.read('other')).toEqual(small)
})

it.each<[string, Fault, RegExp]>([
  ['a server that breaks every connection', 'reset', /no answer came .*check s3.endpoint and the network/],
  ['a server at fault', s3Refusal(500, 'InternalError'), /the server answered 500 InternalError/],
  ['a busy server', slowDown, /asks to slow down/],
  ['denied access', s3Refusal(403, 'AccessDenied'), /access is denied; allow it .* docs\/storage.md/],
  ['an unknown key', s3Refusal(403, 'InvalidAccessKeyId'), /does not know the access key/],
  ['a wrong secret', s3Refusal(403, 'SignatureDoesNotMatch'), /correct the secret key/],
  ['expired credentials', s3Refusal(400, 'ExpiredToken'), /have expired/],
  ['a missing bucket', s3Refusal(404, 'NoSuchBucket'), /the bucket faults is not there; create it/],
  ['a wrong region', s3Refusal(400, 'AuthorizationHeaderMalformed'), /in another region.*set s3.region/],
  ['a clock that is off', s3Refusal(403, 'RequestTimeTooSkewed'), /too far apart; set the clock/],
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

it.each([s3Refusal(403, 'AccessDenied'), s3Refusal(404, 'NoSuchKey')])(
  'a write whose folder went under the server in that moment is tried again: $status',
  async (fault) => {
    const { through, direct } = place()
    const isPut = ({ method, url }: ProxiedRequest) => method === 'PUT' && !url.includes('partNumber')
    const isCompletion = ({ method, url }: ProxiedRequest) => method === 'POST' && url.includes('uploadId')
    for (const [matches, write] of [
      [isPut, () => through.createIfAbsent('created', small)],
      [isPut, () => through.write('written', small)],
      [isCompletion, () => through.write('large', large)],
    ] as const) {
      const struck = strikeOnce(fault, matches)
      await write()
      expect(struck()).toBe(true)
    }
    expect(await namesOf(direct, '')).toEqual(['created', 'large', 'written'])
  },
)

it('a denial that lasts is told soon, and one of a read at once', async () => {
  const { through } = place()
  proxy.plan(() => s3Refusal(403, 'AccessDenied'))
  const before = proxy.requests.length
  await expect(through.read('x')).rejects.toMatchObject({ details: { refused: 'AccessDenied' } })
  expect(proxy.requests).toHaveLength(before + 1)
  await expect(through.createIfAbsent('x', small)).rejects.toMatchObject({ details: { refused: 'AccessDenied' } })
  // Its pauses add up to two seconds at most.
  expect(proxy.requests).toHaveLength(before + 5)
})

it('a clock that is hours off is measured, and the request signed again', async () => {
  const { through } = place()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3600_000 })
  expect(await through.createIfAbsent('x', small)).toBe('created')
  expect(await through.read('x')).toEqual(small)
})

it('a write in parts that fails leaves no object and aborts its upload', async () => {
  const { through, direct } = place()
  proxy.plan(({ url }) => (url.includes('partNumber=2') ? s3Refusal(403, 'AccessDenied') : undefined))
  const before = proxy.requests.length
  await expect(through.write('large', large)).rejects.toMatchObject({ code: 'StorageUnavailable' })
  expect(proxy.requests.slice(before).map(({ method }) => method)).toContain('DELETE')
  expect(await direct.list('')).toEqual([])
})

it('a part that changes on its way is refused and sent again', async () => {
  const { through, direct } = place()
  // From then on parts are signed without a hash of their bytes.
  await through.write('before', large)
  const tries: unknown[] = []
  proxy.plan(async ({ url, headers, body }) => {
    if (!url.includes('partNumber=2')) return
    tries.push(headers['x-amz-content-sha256'])
    const bytes = await body()
    if (tries.length === 1) bytes[1000] = ~Number(bytes[1000])
  })
  await through.write('large', large)
  expect(tries).toEqual(['UNSIGNED-PAYLOAD', 'UNSIGNED-PAYLOAD'])
  expect((await direct.read('large')).equals(large)).toBe(true)
})

it('a server without conditional writes is refused by the probe with one sentence', async () => {
  const { through } = place()
  proxy.plan(({ headers }) => ('if-none-match' in headers ? s3Refusal(501, 'NotImplemented') : undefined))
  await expect(probe(through, 'n')).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    message: expect.stringMatching(/^The storage at s3:\S+ cannot be used: .*conditional writes/),
  })
})

it('many writers through random faults: one winner each, and what was acknowledged is there', async () => {
  const seed = seedOfThisRun()
  proxy.plan(randomFaults(seed, 0.2, slowDown))
  await manyWriters(place(), seed + 1)
})

async function namesOf(storage: Storage, folder: string): Promise<string[]> {
  return (await storage.list(folder)).map(({ name }) => name)
}
