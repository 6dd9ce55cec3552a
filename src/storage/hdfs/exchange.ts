import {
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as plainRequest,
} from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Connecting } from './connecting.js'
import { NoAnswer, Unreachable } from './failure.js'

export interface Exchange {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly agent: Agent
  readonly connecting: Connecting
  /** In bytes that are sent as they come. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>
  /** Told of each piece of the body that has left this process. */
  readonly sent?: ((piece: Uint8Array) => void) | undefined
  readonly timeouts: Timeouts
}

/** Milliseconds. */
export interface Timeouts {
  readonly connect: number
  /** Without any progress: of a body that nobody takes, or of an answer that does not come. */
  readonly silence: number
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** To be read to its end, or destroyed. */
  readonly body: IncomingMessage
}

const pieceSize = 1024 * 1024

/**
 * One request and the head of its answer. By `node:http`, not `fetch`, which fails on a data node's way to answer an upload. Redirects are
 * not followed.
 * @throws Unreachable where nothing was asked; NoAnswer where it may have been done; what the body throws
 */
export async function exchange({ method, url, agent, connecting, body, sent, timeouts }: Exchange): Promise<Answer> {
  const leave = await connecting.turn(url.host)
  const headers = {
    // HttpFS and some gateways refuse a body of another type.
    ...(method === 'PUT' && { 'content-type': 'application/octet-stream' }),
    ...(body instanceof Uint8Array && { 'content-length': body.length }),
  }
  const send = url.protocol === 'https:' ? secureRequest : plainRequest
  return new Promise((resolve, reject) => {
    const request = send(url, { method, agent, headers })
    const watch = new Watch((what) => request.destroy(new Error(what)))
    let connected = false
    let answered = false
    let producerFailed = false
    /** What the server owes; undefined while it is the producer's turn, who may take its time. */
    let owed: string | undefined
    const owes = (what: string | undefined) => {
      owed = what
      if (connected) watch.within(timeouts.silence, what)
    }
    request.once('socket', (socket) => {
      const ready = () => {
        connected = true
        leave()
        owes(owed)
      }
      if (!socket.connecting) return ready()
      watch.within(timeouts.connect, 'no connection was made in time')
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', ready)
    })
    request.once('response', (response) => {
      answered = true
      watch.off()
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response })
    })
    request.on('error', (error) => {
      watch.off()
      if (connected) return reject(new NoAnswer(url.host, error))
      const unreachable = new Unreachable(url.host, error)
      leave(producerFailed ? undefined : unreachable)
      reject(unreachable)
    })
    request.once('close', () => leave())
    const sendBody = async () => {
      for await (const piece of pieces(body)) {
        // Whoever answers early wants no more.
        if (answered || request.destroyed) return
        if (request.write(piece, (error) => error ?? sent?.(piece))) continue
        owes('it took no more of the body')
        await drained(request)
        owes(undefined)
      }
      if (answered) return
      owes('it did not answer in time')
      request.end()
    }
    sendBody().catch((error: unknown) => {
      producerFailed = true
      reject(error)
      request.destroy()
    })
  })
}

/** Until more can be written, or never will be. */
async function drained(request: ClientRequest): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = () => {
      request.off('drain', go).off('close', go)
      resolve()
    }
    request.on('drain', go).on('close', go)
  })
}

/** What the answer holds, with flat memory. Stopping early ends the connection. */
export async function* chunksOf({ body }: Answer, host: string, { silence }: Timeouts): AsyncGenerator<Buffer> {
  const watch = new Watch((what) => body.destroy(new Error(what)))
  const chunks = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      watch.within(silence, 'the answer stopped half way')
      const next = await chunks.next()
      watch.off()
      if (next.done === true) return
      yield next.value
    }
  } catch (error) {
    throw new NoAnswer(host, error)
  } finally {
    watch.off()
    body.destroy()
  }
}

export async function textOf(answer: Answer, host: string, timeouts: Timeouts): Promise<string> {
  const all: Buffer[] = []
  for await (const chunk of chunksOf(answer, host, timeouts)) all.push(chunk)
  return Buffer.concat(all).toString()
}

async function* pieces(body: Uint8Array | AsyncIterable<Uint8Array> = Buffer.alloc(0)): AsyncGenerator<Uint8Array> {
  if (!(body instanceof Uint8Array)) return yield* body
  for (let at = 0; at < body.length; at += pieceSize) yield body.subarray(at, at + pieceSize)
}

/** One deadline at a time. */
class Watch {
  #timer: NodeJS.Timeout | undefined
  readonly #expired: (what: string) => void

  constructor(expired: (what: string) => void) {
    this.#expired = expired
  }

  /** `what`: nothing, where nobody is waited for. */
  within(ms: number, what: string | undefined): void {
    this.off()
    if (what !== undefined) this.#timer = setTimeout(() => this.#expired(what), ms)
  }

  off(): void {
    clearTimeout(this.#timer)
  }
}
