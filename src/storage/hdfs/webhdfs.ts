import { retrying } from '../retry.js'
import type { Connection } from './connection.js'
import { type Answer, chunksOf, type Exchange, exchange, textOf } from './exchange.js'
import { failureOf, HdfsFailure, isFailure, mayHaveHappened, mayPass, NoAnswer } from './failure.js'

export interface FileStatus {
  /** Of a page: the name in the folder; '' where the path is a file itself. */
  readonly pathSuffix: string
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK'
  readonly length: number
  readonly modificationTime: number
  /** Of the file, whatever its name. Gateways leave it out. */
  readonly fileId?: number
}

export interface Page {
  readonly entries: readonly FileStatus[]
  readonly more: boolean
  /** The name node's clock, milliseconds since the epoch. */
  readonly now: number
}

type Parameters = Readonly<Record<string, string | undefined>>

/** A data node that could not be reached is not asked for again so long, milliseconds. */
const shunnedFor = 60_000

/**
 * The operations of WebHDFS, each as often as it may be tried. Paths are absolute and plain.
 * @throws HdfsFailure
 */
export class WebHdfs {
  readonly #connect: () => Promise<Connection>
  #connection: Promise<Connection> | undefined
  /** Which of several name nodes answered last. */
  #active = 0
  readonly #shunned = new Map<string, number>()

  constructor(connect: () => Promise<Connection>) {
    this.#connect = connect
  }

  /** With all parents, mode 0700, in one try. What is there stays as it is. */
  async makeFolder(path: string): Promise<void> {
    await this.#once('PUT', path, { op: 'MKDIRS', permission: '700' })
  }

  /** A file or an empty folder; false where nothing has the name. */
  async remove(path: string): Promise<boolean> {
    return field(await this.#metadata('DELETE', path, { op: 'DELETE', recursive: 'false' }), 'boolean') === true
  }

  /** Once, and nobody hears of a failure. */
  async tryRemove(path: string): Promise<void> {
    await this.#ask('DELETE', path, { op: 'DELETE', recursive: 'false' }).catch(() => {})
  }

  /**
   * Gives a file another name. `unclear`: an earlier try had no answer, so `failure` may come from its success.
   */
  async rename(
    from: string,
    to: string,
    options: 'NONE' | 'OVERWRITE',
  ): Promise<{ unclear: boolean; failure?: unknown }> {
    let unclear = false
    try {
      const parameters = { op: 'RENAME', destination: to, renameoptions: options }
      await this.#metadata('PUT', from, parameters, (error) => {
        unclear ||= mayHaveHappened(error)
      })
      return { unclear }
    } catch (failure) {
      return { unclear, failure }
    }
  }

  /** A change that changes nothing. Once it is answered, everything that a name node did before is in its log on disk. */
  async settle(path: string): Promise<void> {
    await this.#metadata('PUT', path, { op: 'SETPERMISSION', permission: '600' })
  }

  async status(path: string): Promise<FileStatus> {
    return field(await this.#metadata('GET', path, { op: 'GETFILESTATUS' }), 'FileStatus') as FileStatus
  }

  /** In one try, where the caller tries again. */
  async statusNow(path: string): Promise<FileStatus> {
    return field(await this.#once('GET', path, { op: 'GETFILESTATUS' }), 'FileStatus') as FileStatus
  }

  /** Some of a folder, in the order of names as bytes. */
  async page(path: string, after: string): Promise<Page> {
    const answer = await this.#metadata('GET', path, { op: 'LISTSTATUS_BATCH', startAfter: after })
    const listing = field(answer, 'DirectoryListing') as {
      readonly partialListing: { readonly FileStatuses: { readonly FileStatus: readonly FileStatus[] } }
      readonly remainingEntries: number
    }
    return {
      entries: listing.partialListing.FileStatuses.FileStatus,
      more: listing.remainingEntries > 0,
      now: Date.parse(answer.date),
    }
  }

  /**
   * Writes a new file, mode 0600, in a folder that is there, in one try. Once it is answered, every block of it is on the disks of as many data
   * nodes as the cluster demands.
   */
  async create(path: string, body: Uint8Array | AsyncIterable<Uint8Array>, sent: Exchange['sent']): Promise<void> {
    const { replication, blockSize } = await this.#connected()
    const asked = await this.#located('PUT', path, {
      op: 'CREATE',
      overwrite: 'false',
      createparent: 'false',
      permission: '600',
      // Without it a data node answers when it has handed the bytes to its operating system.
      createflag: 'CREATE,SYNC_BLOCK',
      replication,
      blocksize: blockSize,
    })
    if (asked.location === undefined) throw new HdfsFailure('not-webhdfs', asked.host, 'it names no data node')
    await asked.answer.body.resume()
    const answer = await this.#atDataNode({ method: 'PUT', url: asked.location, body, sent })
    await this.#text(answer, asked.location.host)
  }

  /** The bytes from `start` on, in one try. */
  async *open(path: string, start: number, length: number | undefined): AsyncGenerator<Buffer> {
    const { timeouts } = await this.#connected()
    const asked = await this.#located('GET', path, { op: 'OPEN', offset: String(start), length: length?.toString() })
    if (asked.location === undefined) return yield* chunksOf(asked.answer, asked.host, timeouts)
    asked.answer.body.resume()
    const answer = await this.#atDataNode({ method: 'GET', url: asked.location })
    yield* chunksOf(answer, asked.location.host, timeouts)
  }

  /** What only the name node does, tried again while that may help. */
  async #metadata(method: Exchange['method'], path: string, parameters: Parameters, failed?: (error: unknown) => void) {
    return retrying(async () => {
      try {
        return await this.#once(method, path, parameters)
      } catch (error) {
        failed?.(error)
        throw error
      }
    }, mayPass)
  }

  async #once(method: Exchange['method'], path: string, parameters: Parameters) {
    const { answer, host } = await this.#ask(method, path, parameters)
    return { host, text: await this.#text(answer, host), date: answer.headers.date ?? '' }
  }

  /** Asks which data node to go to. A gateway may answer at once, without one. */
  async #located(method: Exchange['method'], path: string, parameters: Parameters) {
    const now = Date.now()
    const shunned = [...this.#shunned].filter(([, until]) => until > now).map(([host]) => host)
    try {
      const excludedatanodes = shunned.length > 0 ? shunned.join() : undefined
      const { answer, host } = await this.#ask(method, path, { ...parameters, excludedatanodes })
      const { location } = answer.headers
      return { answer, host, location: location === undefined ? undefined : new URL(location) }
    } catch (error) {
      if (isFailure(error, 'no-data-node')) this.#shunned.clear()
      throw error
    }
  }

  async #atDataNode(request: Pick<Exchange, 'method' | 'url' | 'body' | 'sent'>): Promise<Answer> {
    try {
      return await this.#exchange(request)
    } catch (error) {
      if (isFailure(error, 'unreachable')) this.#shunned.set(request.url.hostname, Date.now() + shunnedFor)
      throw error
    }
  }

  /** One try at the name node that answered last. */
  async #ask(method: Exchange['method'], path: string, parameters: Parameters) {
    const { nameNodes, user } = await this.#connected()
    const turn = this.#active
    const node = nameNodes[turn % nameNodes.length] as URL
    const query = Object.entries({ ...parameters, 'user.name': user })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    const encoded = path.split('/').map(encodeURIComponent).join('/')
    const url = new URL(`/webhdfs/v1${encoded}?${query.join('&')}`, node)
    try {
      return { answer: await this.#exchange({ method, url }), host: node.host }
    } catch (error) {
      if (isFailure(error, 'unreachable', 'no-answer', 'standby') && this.#active === turn) this.#active++
      throw error
    }
  }

  async #exchange(request: Pick<Exchange, 'method' | 'url' | 'body' | 'sent'>): Promise<Answer> {
    const { agent, connecting, timeouts } = await this.#connected()
    const answer = await exchange({ ...request, agent: agent(request.url), connecting, timeouts })
    if (answer.status < 400) return answer
    throw failureOf(request.url.host, answer.status, await this.#text(answer, request.url.host))
  }

  async #text(answer: Answer, host: string): Promise<string> {
    return textOf(answer, host, (await this.#connected()).timeouts)
  }

  #connected(): Promise<Connection> {
    this.#connection ??= this.#connect().catch((error: unknown) => {
      // A configuration that is mended counts from then on.
      this.#connection = undefined
      throw error
    })
    return this.#connection
  }
}

function field({ host, text }: { readonly host: string; readonly text: string }, name: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)[name]
  } catch (error) {
    // A cut answer of a proxy may look whole.
    throw new NoAnswer(host, error)
  }
  if (value === undefined) throw new HdfsFailure('not-webhdfs', host, 'it answers, but not as WebHDFS does')
  return value
}
