import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { wholeOf } from './whole-of.js'

/**
 * What may happen to a request on its way:
 *
 * - `reset`: the connection breaks before the server has seen anything;
 * - `half request`: the server gets half of the body, then the connection breaks on both sides;
 * - `lost answer`: the server does what was asked, and the connection breaks before the answer;
 * - `half answer`: the connection breaks in the middle of the answer's body;
 * - `hang`: nobody ever answers; `hang after`: the server does what was asked, and its answer never comes;
 * - a status: the server is not asked, and this comes in its place.
 */
export type Fault =
  | 'reset'
  | 'half request'
  | 'lost answer'
  | 'half answer'
  | 'hang'
  | 'hang after'
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }

export interface ProxiedRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** How many came before it, this one included. */
  readonly number: number
}

export interface ArrivingRequest extends ProxiedRequest {
  /** All that the client sends. Once it is here, the server gets it whatever becomes of the client. Rejects where the client goes before. */
  body(): Promise<Buffer>
}

/** A fault, and a look at what the server answers. */
export interface Passage {
  readonly fault?: Fault | undefined
  /**
   * Called once the server has answered, before the client hears of it; what is promised is waited for, and the answer with it. No
   * status: the connection to the server ended in place of an answer.
   */
  answered(status: number | undefined): Promise<'lost answer' | undefined>
}

type Decision = Fault | Passage | undefined

/** Which fault befalls a request; undefined: none. What is promised is waited for, and the request with it. */
export type FaultPlan = (request: ArrivingRequest) => Decision | Promise<Decision>

/**
 * Stands between a client and an HTTP server on this machine, and lets happen what a plan says. Everything else passes unchanged, the Host header
 * included, over which some clients sign. A redirect is made to lead through a proxy too, with the same plan.
 */
export class FaultProxy {
  /** Every request so far, also those that never reached the server. */
  readonly requests: ProxiedRequest[] = []
  readonly #target: URL
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** For the servers that answers redirect to, by origin. */
  readonly #others = new Map<string, Promise<FaultProxy>>()
  readonly #change: (headers: IncomingMessage['headers']) => void
  #plan: FaultPlan = () => undefined
  #closed = false

  private constructor(target: URL, change: (headers: IncomingMessage['headers']) => void) {
    this.#target = target
    this.#change = change
    this.#server = createServer({ keepAliveTimeout: 0 }, (incoming, answer) => void this.#handle(incoming, answer))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /**
   * @param target origin of the server, `http://127.0.0.1:9000`
   * @param change is given the headers of each request before it is passed on
   */
  static async start(target: string, change: (headers: IncomingMessage['headers']) => void = () => {}) {
    const proxy = new FaultProxy(new URL(target), change)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** From the next request on. */
  plan(plan: FaultPlan): void {
    this.#plan = plan
  }

  /** What hangs ends with it. */
  async close(): Promise<void> {
    this.#closed = true
    for (const other of this.#others.values()) await (await other).close()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = incoming
    const proxied: ProxiedRequest = { method, url, headers, number: this.requests.length + 1 }
    this.requests.push(proxied)
    incoming.on('error', () => {})
    answer.on('error', () => {})
    let received: Promise<Buffer> | undefined
    let cut = false
    const body = () => {
      received ??= wholeOf(incoming).catch((error: unknown) => {
        cut = true
        throw error
      })
      return received
    }
    let decision: Decision
    try {
      decision = await this.#plan({ ...proxied, body })
    } catch (error) {
      // The client went away in the middle of what it sent: no server would do anything about it.
      if (cut) return
      throw error
    }
    const passage: Passage =
      typeof decision === 'object' && 'answered' in decision ? decision : { fault: decision, answered: nobodyLooks }
    const { fault } = passage
    // A request of which the server would have seen nothing went with its client.
    if (received === undefined && incoming.socket.destroyed) return
    if (fault === 'reset') {
      incoming.socket.resetAndDestroy()
    } else if (fault === 'hang') {
      incoming.resume()
    } else if (typeof fault === 'object') {
      const say = () => answer.writeHead(fault.status, fault.headers).end(fault.body)
      // After the request was read, as a server in good order does.
      if (incoming.readableEnded) say()
      else incoming.once('end', say).resume()
    } else {
      this.#forward({ proxied, incoming, answer, passage, body: await received })
    }
  }

  #forward({ proxied, incoming, answer, passage, body }: Forwarded): void {
    const { fault } = passage
    const { hostname, port } = this.#target
    const { method, url: path } = proxied
    const passed = { ...incoming.headers }
    this.#change(passed)
    const breakOff = () => {
      outgoing.destroy()
      incoming.socket.resetAndDestroy()
    }
    const outgoing = request({ hostname, port, method, path, headers: passed, agent: false })
    let answered = false
    outgoing.on('response', (response) => {
      answered = true
      void this.#answer(response, answer, passage, breakOff)
    })
    outgoing.on('error', () => incoming.socket.destroy())
    outgoing.once('close', () => {
      if (!answered) void passage.answered(undefined)
    })
    if (body === undefined) answer.once('close', () => outgoing.destroy())
    if (fault !== 'half request') {
      if (body === undefined) incoming.pipe(outgoing)
      else outgoing.end(body)
      return
    }
    const half = Math.floor(Number(passed['content-length'] ?? 0) / 2)
    let sent = 0
    const take = (chunk: Buffer) => {
      const piece = chunk.subarray(0, half - sent)
      sent += piece.length
      if (piece.length > 0) outgoing.write(piece, () => sent === half && breakOff())
    }
    if (half === 0) breakOff()
    else if (body !== undefined) take(body)
    else incoming.on('data', take)
  }

  async #answer(
    response: IncomingMessage,
    answer: ServerResponse,
    passage: Passage,
    breakOff: () => void,
  ): Promise<void> {
    response.on('error', () => answer.destroy())
    const fault = (await passage.answered(response.statusCode)) ?? passage.fault
    if (fault === 'lost answer' || fault === 'hang after') {
      response.resume()
      if (fault === 'lost answer') {
        if (response.readableEnded) breakOff()
        else response.once('end', breakOff)
      }
      return
    }
    const { location } = response.headers
    const headers =
      location === undefined ? response.headers : { ...response.headers, location: await this.#through(location) }
    answer.writeHead(response.statusCode ?? 502, response.statusMessage, headers)
    if (fault !== 'half answer') {
      response.pipe(answer)
      return
    }
    const half = Math.floor(Number(response.headers['content-length'] ?? 0) / 2)
    let sent = 0
    response.on('data', (chunk: Buffer) => {
      const piece = chunk.subarray(0, half - sent)
      sent += piece.length
      if (piece.length > 0) answer.write(piece, () => sent === half && breakOff())
    })
    if (half === 0) breakOff()
  }

  async #through(location: string): Promise<string> {
    // A data node of HDFS names what it made in a scheme of its own.
    // What was held until after the end leads nowhere.
    if (!/^https?:/.test(location) || this.#closed) return location
    const { origin } = new URL(location)
    if (origin === this.#target.origin) return location.replace(origin, this.origin)
    const known = this.#others.get(origin)
    const proxy = await (known ?? this.#open(origin))
    return location.replace(origin, proxy.origin)
  }

  #open(origin: string): Promise<FaultProxy> {
    const opened = FaultProxy.start(origin, this.#change).then((proxy) => {
      proxy.plan(({ body, ...request }) => {
        this.requests.push(request)
        return this.#plan({ ...request, number: this.requests.length, body })
      })
      return proxy
    })
    this.#others.set(origin, opened)
    return opened
  }
}

/** A request on its way, and where its answer goes. */
interface Forwarded {
  readonly proxied: ProxiedRequest
  readonly incoming: IncomingMessage
  readonly answer: ServerResponse
  readonly passage: Passage
  /** Where it was received whole: then the server gets it also if the client goes. */
  readonly body?: Buffer | undefined
}

const nobodyLooks = async () => undefined
