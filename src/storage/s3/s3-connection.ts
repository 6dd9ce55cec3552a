import type { S3 } from '@aws-sdk/client-s3'
import { retrying } from '../retry.js'
import { type S3Settings, storageSettings } from '../settings.js'
import { signPartsByChecksum } from './part-signing.js'
import { mayPass } from './s3-errors.js'

/** Milliseconds that a request may take, and bytes a millisecond that a slow network carries at least. */
const requestLimit = 8_000
const slowest = 500

/** Milliseconds to wait for a TCP connection. */
const connectLimit = 4_000

/** Connections of this thread, far above what a task keeps busy. */
const connections = 50

export interface CallOptions {
  readonly abortSignal: AbortSignal
}

/** One client for each way to reach S3, so that connections and credentials are used again. */
const clients = new Map<string, Promise<S3>>()

/** Sends requests, each bounded in time and repeated where that may help. */
export class S3Connection {
  readonly #settings: S3Settings

  constructor(settings: S3Settings = storageSettings().s3) {
    this.#settings = settings
  }

  client(): Promise<S3> {
    const key = JSON.stringify(this.#settings)
    const known = clients.get(key)
    if (known !== undefined) return known
    const client = createClient(this.#settings)
    clients.set(key, client)
    return client
  }

  /**
   * Sends one request, again where that may help.
   * @param bytes how many go out or come back, for the time that it may take
   */
  async call<T>(
    request: (client: S3, options: CallOptions, attempt: number) => Promise<T>,
    bytes = 0,
    mayHelp = mayPass,
  ): Promise<T> {
    const client = await this.client()
    return retrying((attempt) => bounded((options) => request(client, options, attempt), bytes), mayHelp)
  }
}

/** A request that takes longer than it may is given up, whatever the server does about it. */
export async function bounded<T>(request: (options: CallOptions) => Promise<T>, bytes = 0): Promise<T> {
  const limit = Math.round(requestLimit + bytes / slowest)
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new Error(`it took longer than ${limit / 1000} s`)), limit)
  try {
    return await request({ abortSignal: controller.signal })
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}

/** The SDK loads when it is needed: it takes a third of a second and 20 MB. */
async function createClient({ endpoint, region, pathStyleAccess }: S3Settings): Promise<S3> {
  // It would warn at each start of a version of itself to come, which our lock file chooses and not the user.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const { S3 } = await import('@aws-sdk/client-s3')
  const { NodeHttpHandler } = await import('@smithy/node-http-handler')
  const agent = { keepAlive: true, maxSockets: connections }
  // Servers that are not AWS have no regions, and a signature needs one.
  const known = region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION
  const signed = known ?? (endpoint === undefined ? undefined : 'us-east-1')
  const client = new S3({
    ...(endpoint !== undefined && { endpoint }),
    ...(signed !== undefined && { region: signed }),
    forcePathStyle: pathStyleAccess,
    followRegionRedirects: true,
    // Repeating is ours: a conditional write must know whether an earlier try may have succeeded.
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ connectionTimeout: connectLimit, httpAgent: agent, httpsAgent: agent }),
  })
  signPartsByChecksum(client)
  return client
}
