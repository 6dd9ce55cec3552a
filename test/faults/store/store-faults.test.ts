import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ArrivingRequest } from '../../support/fault-proxy.js'
import { EntryRecord } from '../entry-record.js'
import { hdfsDialect } from './hdfs-steps.js'
import { s3Dialect } from './s3-steps.js'
import { type Door, StoreFaults } from './store-faults.js'

describe('the faults of a store', () => {
  const entry = (number: number) => `metadata/job/e1/chk-${number}/_metadata`
  let server: Server
  let faults: StoreFaults
  let record: EntryRecord
  let door: Door
  let status: number
  let got: string[]

  beforeEach(async () => {
    status = 200
    got = []
    server = createServer((request, answer) => {
      got.push(`${request.method} ${request.url}`)
      request.resume()
      answer.writeHead(status).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    record = new EntryRecord()
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    faults = new StoreFaults(origin, s3Dialect('bucket'), record)
    door = await faults.door()
    door.belongsTo(process.pid)
  })
  afterEach(async () => {
    faults.heal()
    await door.close()
    server.closeAllConnections()
    server.close()
  })

  const ask = (method: string, key: string, body?: string) =>
    fetch(`${door.origin}/bucket/${key}`, { method, ...(body !== undefined && { body }) })
  const put = (number: number, kind = 'checkpoint') => ask('PUT', entry(number), `{"kind":"${kind}"}`)
  const puts = { requests: ['put'], path: /_metadata$/ } as const

  test('strike the first request that matches, by what it is, where it goes and what it holds', async () => {
    const fail = { do: 'fail', fault: { status: 503 } } as const
    const armed = faults.arm({ ...puts, content: /"kind":"claim"/, when: 'before', action: fail })
    expect((await put(1)).status).toBe(200)
    expect((await ask('GET', entry(1))).status).toBe(200)
    expect((await put(2, 'claim')).status).toBe(503)
    expect(await armed.struck).toEqual({ pid: process.pid })
    expect((await put(2, 'claim')).status).toBe(200)
    expect(got).toHaveLength(3)
  })

  test('strike until they are taken back, where they are to last', async () => {
    const fail = { do: 'fail', fault: { status: 500 } } as const
    const armed = faults.arm({ ...puts, when: 'before', action: fail, lasting: true })
    expect([(await put(1)).status, (await put(1)).status]).toEqual([500, 500])
    await armed.disarm()
    expect((await put(1)).status).toBe(200)
  })

  test('hold a request before the server has it, and an answer after it has done it', async () => {
    const before = faults.arm({ ...puts, when: 'before', action: { do: 'hold' } })
    const first = put(1)
    await before.struck
    expect(got).toEqual([])
    await before.release()
    expect((await first).status).toBe(200)
    const after = faults.arm({ ...puts, when: 'after', action: { do: 'hold' } })
    const second = put(2)
    await after.struck
    expect(got).toHaveLength(2)
    expect([...record.entries('job', 'e1')]).toEqual([1, 2])
    await after.release()
    expect((await second).status).toBe(200)
  })

  test('let what was done look as if it was not', async () => {
    const lose = { do: 'fail', fault: 'lost answer' } as const
    faults.arm({ ...puts, when: 'before', action: lose })
    await expect(put(1)).rejects.toThrow()
    expect([...record.entries('job', 'e1')]).toEqual([1])
  })

  test('heal: what was held goes on, and who waits for a strike is told that none comes', async () => {
    const held = faults.arm({ ...puts, when: 'before', action: { do: 'hold' } })
    const waiting = faults.arm({ ...puts, path: /never/, when: 'before', action: { do: 'hold' } })
    const asked = put(1)
    await held.struck
    faults.heal()
    expect((await asked).status).toBe(200)
    await expect(waiting.struck).rejects.toThrow('taken back')
  })

  test('are recorded: an entry that is refused was not written, one that is written twice is a fault', async () => {
    status = 412
    await put(1)
    expect(record.entries('job', 'e1').size).toBe(0)
    status = 500
    await put(1)
    expect([...record.entries('job', 'e1')]).toEqual([1])
    status = 200
    await put(1)
    expect(record.faultsOf('job')).toEqual([])
    await put(1)
    expect(record.faultsOf('job')).toEqual([
      expect.stringContaining('chk-1/_metadata was there, and was written again'),
    ])
  })

  test('are recorded: an entry that is put where a discarded one was is late', async () => {
    await put(1)
    await put(2)
    await ask('DELETE', entry(1))
    await put(1)
    expect([...record.late('job', 'e1')]).toEqual([1])
    expect(record.faultsOf('job')).toEqual([])
  })
})

/** A request as the drivers send it. */
function asked(method: string, url: string, body = ''): ArrivingRequest {
  return { method, url, headers: {}, number: 1, body: async () => Buffer.from(body) }
}

test.each([
  [
    asked('PUT', '/b/metadata/j/e/pins/x%20y?x-id=PutObject', 'text'),
    { op: 'put', paths: ['metadata/j/e/pins/x y'], head: 'text' },
  ],
  [asked('GET', '/b/state/j/e/shared/1.state?x-id=GetObject'), { op: 'get', paths: ['state/j/e/shared/1.state'] }],
  [asked('HEAD', '/b/metadata/j'), { op: 'head', paths: ['metadata/j'] }],
  [asked('DELETE', '/b/metadata/j'), { op: 'delete', paths: ['metadata/j'] }],
  [
    asked(
      'POST',
      '/b?delete=',
      '<Delete><Object><Key>state/a</Key></Object><Object><Key>state/b</Key></Object></Delete>',
    ),
    { op: 'delete', paths: ['state/a', 'state/b'] },
  ],
  [asked('GET', '/b?list-type=2&prefix=metadata%2Fj%2F'), { op: 'list', paths: ['metadata/j/'] }],
  [asked('GET', '/b?uploads=&prefix=metadata'), undefined],
])('S3: %o', async (request, step) => {
  expect(await s3Dialect('b').read(request)).toEqual(step)
})

test('HDFS: a file is created, filled at a data node, and given its name', async () => {
  const dialect = hdfsDialect()
  const node = 'namenoderpcaddress=127.0.0.1:8020'
  const steps = [
    asked('PUT', '/webhdfs/v1/state/j/.tmp-1?op=CREATE&overwrite=false'),
    asked('PUT', `/webhdfs/v1/state/j/.tmp-1?op=CREATE&${node}`, 'content'),
    asked('PUT', '/webhdfs/v1/state/j/.tmp-1?op=RENAME&destination=%2Fstate%2Fj%2F1.state'),
    asked('GET', '/webhdfs/v1/state/j/1.state?op=OPEN'),
    asked('GET', `/webhdfs/v1/state/j/1.state?op=OPEN&${node}`),
    asked('DELETE', '/webhdfs/v1/state/j/1.state?op=DELETE'),
    asked('GET', '/webhdfs/v1/state/j?op=LISTSTATUS_BATCH&startAfter='),
    asked('PUT', '/webhdfs/v1/state/j?op=SETPERMISSION&permission=600'),
  ]
  const read = []
  for (const step of steps) read.push(await dialect.read(step))
  expect(read).toEqual([
    { op: 'create', paths: ['state/j/.tmp-1'] },
    { op: 'upload', paths: ['state/j/.tmp-1'], head: 'content' },
    { op: 'rename', paths: ['state/j/1.state'], head: 'content' },
    { op: 'get', paths: ['state/j/1.state'] },
    { op: 'download', paths: ['state/j/1.state'] },
    { op: 'delete', paths: ['state/j/1.state'] },
    { op: 'list', paths: ['state/j'] },
    undefined,
  ])
})
