import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  isGrpcServiceError,
  makeGrpcRetryInterceptor,
} from '@temporalio/client'
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker'
import { messageOf, TidemarkError } from '../errors.js'
import { failOnClosedConnection } from './closed-connection.js'
import { dataConverter } from './data-converter.js'
import type { TemporalTarget } from './target.js'

/** How long a server has to answer before it is called unreachable, in milliseconds. */
export const connectTimeoutMs = 5_000

export interface ClientConnection {
  connection: Connection
  /** A client in the target's namespace that converts payloads as our workflows do. */
  client: Client
}

/**
 * Connects a client. The caller closes `connection`.
 *
 * @throws TidemarkError `TemporalUnreachable` when nothing answers within {@link connectTimeoutMs}, or what answers refuses us.
 */
export async function connectClient(target: TemporalTarget, timeoutMs = connectTimeoutMs): Promise<ClientConnection> {
  const connection = Connection.lazy({
    ...clientOptions(target),
    connectTimeout: timeoutMs,
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), failOnClosedConnection],
    // gRPC's own first pause between two tries is 1 s: too long for a server that is just starting.
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 },
  })
  try {
    await connection.ensureConnected()
  } catch (error) {
    await connection.close()
    throw unreachable(target, error)
  }
  return { connection, client: new Client({ connection, namespace: target.namespace, dataConverter }) }
}

/**
 * Connects what a `Worker` needs. The caller closes it, after the worker has stopped.
 *
 * @throws TidemarkError `TemporalUnreachable`, as {@link connectClient}
 */
export async function connectNative(target: TemporalTarget, timeoutMs = connectTimeoutMs): Promise<NativeConnection> {
  // The native connection takes no time-out, and waits for ever on an address that drops packets: ask first.
  const { connection } = await connectClient(target, timeoutMs)
  await connection.close()
  try {
    return await NativeConnection.connect(target.connectionOptions)
  } catch (error) {
    throw unreachable(target, error)
  }
}

function clientOptions({ connectionOptions }: TemporalTarget) {
  const { address, apiKey, tls, metadata } = connectionOptions
  return {
    ...(address !== undefined && { address }),
    ...(apiKey !== undefined && { apiKey }),
    ...(tls !== undefined && { tls }),
    ...(metadata !== undefined && { metadata }),
  } satisfies Partial<NativeConnectionOptions>
}

function unreachable(target: TemporalTarget, error: unknown): TidemarkError {
  const answer = answerOf(error)
  const found = answer
    ? `What answers at ${target.address} refuses us (${answer})`
    : `No Temporal server answers at ${target.address}`
  return new TidemarkError('TemporalUnreachable', `${found}: start it, or correct ${target.origin}.`, {
    path: target.address,
    cause: error,
  })
}

/** What a server said, as far as one said anything: a time-out or a refused TCP connection is no answer. */
function answerOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (!isGrpcServiceError(cause)) return undefined
  const deadlineExceeded = 4
  const unavailable = 14
  return cause.code === deadlineExceeded || cause.code === unavailable ? undefined : cause.details || messageOf(cause)
}
