import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FaultProxy } from './fault-proxy.js'
import { wholeOf } from './whole-of.js'

/** What can be held on its way: the faults themselves are tried with the drivers, against real servers. */

let server: Server
let proxy: FaultProxy
/** What the server got, as it got it. */
let got: string[]
let arrival: (() => void) | undefined

beforeEach(async () => {
  got = []
  arrival = undefined
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = String(await wholeOf(incoming).catch(() => 'cut off'))
    got.push(`${incoming.method} ${incoming.url} ${body}`)
    arrival?.()
    outgoing.end(`done: ${body}`)
  }
  server = createServer((incoming, outgoing) => void answer(incoming, outgoing)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await FaultProxy.start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
afterEach(async () => {
  await proxy.close()
  server.closeAllConnections()
  server.close()
})

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

const put = async (text: string) =>
  (await fetch(`${proxy.origin}/x`, { method: 'PUT', body: text, signal: AbortSignal.timeout(20_000) })).text()

test('a request that is held arrives whole, also after its client has gone', async () => {
  const [held, released, arrived] = [gate(), gate(), gate()]
  arrival = arrived.open
  proxy.plan(async (asked) => {
    await asked.body()
    held.open()
    await released.opened
    return undefined
  })
  const client = request(`${proxy.origin}/x`, { method: 'PUT' }).on('error', () => {})
  client.end('late')
  await held.opened
  client.destroy()
  await new Promise((resolve) => client.once('close', resolve))
  expect(got).toEqual([])
  released.open()
  await arrived.opened
  expect(got).toEqual(['PUT /x late'])
})

test('a client that goes in the middle of what it sends has asked nothing', async () => {
  const asked = gate()
  let cut: unknown
  proxy.plan(async ({ body }) => {
    await body().catch((error: unknown) => {
      cut = error
      asked.open()
      throw error
    })
    return undefined
  })
  const client = request(`${proxy.origin}/x`, { method: 'PUT', headers: { 'content-length': 100 } })
  client.on('error', () => {}).write('half', () => client.destroy())
  await asked.opened
  expect(cut).toBeInstanceOf(Error)
  proxy.plan(() => undefined)
  expect(await put('next')).toBe('done: next')
  expect(got).toEqual(['PUT /x next'])
})

test('an answer that is held comes when it is released, or never', async () => {
  const [held, released] = [gate(), gate()]
  const statuses: (number | undefined)[] = []
  proxy.plan(() => ({
    answered: async (status) => {
      statuses.push(status)
      held.open()
      await released.opened
      return undefined
    },
  }))
  const answer = put('first')
  await held.opened
  expect(got).toEqual(['PUT /x first'])
  released.open()
  expect(await answer).toBe('done: first')

  proxy.plan(() => ({ answered: async () => 'lost answer' }))
  await expect(put('second')).rejects.toThrow()
  expect(got).toEqual(['PUT /x first', 'PUT /x second'])
  expect(statuses).toEqual([200])
})

test('of a request that was read whole the server can still get half, and what it does not answer is told', async () => {
  const told: (number | undefined)[] = []
  const ended = gate()
  proxy.plan(async ({ body }) => {
    await body()
    return {
      fault: 'half request',
      answered: async (status) => {
        told.push(status)
        ended.open()
        return undefined
      },
    }
  })
  const arrived = gate()
  arrival = arrived.open
  await expect(put('both halves')).rejects.toThrow()
  await Promise.all([ended.opened, arrived.opened])
  expect(told).toEqual([undefined])
  expect(got).toEqual(['PUT /x cut off'])
})
