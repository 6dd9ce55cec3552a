import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

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

/** Which fault befalls a request; undefined: none. */
export type FaultPlan = (request: ProxiedRequest) => Fault | undefined

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

  private constructor(target: URL, change: (headers: IncomingMessage['headers']) => void) {
    this.#target = target
    this.#change = change
    this.#server = createServer({ keepAliveTimeout: 0 }, (incoming, answer) => this.#handle(incoming, answer))
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
    for (const other of this.#others.values()) await (await other).close()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #handle(incoming: IncomingMessage, answer: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming
    const proxied = { method, url, headers, number: this.requests.length + 1 }
    this.requests.push(proxied)
    const fault = this.#plan(proxied)
    incoming.on('error', () => {})
    answer.on('error', () => {})
    if (fault === 'reset') {
      incoming.socket.resetAndDestroy()
    } else if (fault === 'hang') {
      incoming.resume()
    } else if (typeof fault === 'object') {
      incoming.resume()
      // After the request was read, as a server in good order does.
      incoming.once('end', () => answer.writeHead(fault.status, fault.headers).end(fault.body))
    } else {
      this.#forward(incoming, answer, fault)
    }
  }

  #forward(incoming: IncomingMessage, answer: ServerResponse, fault: Fault | undefined): void {
    const { hostname, port } = this.#target
    const { method, url: path, headers } = incoming
    const passed = { ...headers }
    this.#change(passed)
    const breakOff = () => {
      outgoing.destroy()
      incoming.socket.resetAndDestroy()
    }
    const outgoing = request({ hostname, port, method, path, headers: passed, agent: false })
    outgoing.on('response', (response) => {
      void this.#answer(response, answer, fault, breakOff)
    })
    outgoing.on('error', () => incoming.socket.destroy())
    answer.once('close', () => outgoing.destroy())
    if (fault !== 'half request') {
      incoming.pipe(outgoing)
      return
    }
    const half = Math.floor(Number(headers['content-length'] ?? 0) / 2)
    let sent = 0
    incoming.on('data', (chunk: Buffer) => {
      const piece = chunk.subarray(0, half - sent)
      sent += piece.length
      if (piece.length > 0) outgoing.write(piece, () => sent === half && breakOff())
    })
    if (half === 0) breakOff()
  }

  async #answer(
    response: IncomingMessage,
    answer: ServerResponse,
    fault: Fault | undefined,
    breakOff: () => void,
  ): Promise<void> {
    response.on('error', () => answer.destroy())
    if (fault === 'lost answer' || fault === 'hang after') {
      response.resume()
      if (fault === 'lost answer') response.once('end', breakOff)
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
    if (!/^https?:/.test(location)) return location
    const { origin } = new URL(location)
    if (origin === this.#target.origin) return location.replace(origin, this.origin)
    const known = this.#others.get(origin)
    const proxy = await (known ?? this.#open(origin))
    return location.replace(origin, proxy.origin)
  }

  #open(origin: string): Promise<FaultProxy> {
    const opened = FaultProxy.start(origin, this.#change).then((proxy) => {
      proxy.plan((request) => {
        this.requests.push(request)
        return this.#plan({ ...request, number: this.requests.length })
      })
      return proxy
    })
    this.#others.set(origin, opened)
    return opened
  }
}
