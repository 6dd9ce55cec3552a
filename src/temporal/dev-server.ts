import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { messageOf, TidemarkError } from '../errors.js'
import { devServerArgs } from './dev-server-flags.js'
import { ensureSearchAttributes } from './ensure-search-attributes.js'
import { claimPort } from './free-port.js'
import { type KeptProcess, spawnKept } from './keeper.js'
import type { Log } from './progress.js'
import { searchAttributes as ours, type SearchAttributeTypeName } from './search-attributes.js'
import { findTemporalCli } from './temporal-cli.js'

export interface DevServerOptions {
  /** Of the frontend (gRPC). Default, and for 0: a free one. */
  readonly port?: number
  /** Of the Web UI. Default, and for 0: a free one. */
  readonly uiPort?: number
  /** Without the Web UI. */
  readonly headless?: boolean
  /** Of the server's own metrics, for Prometheus. Default: none. */
  readonly metricsPort?: number
  /** A SQLite file that keeps all state from one start to the next. Default: in memory. */
  readonly db?: string
  /** The address to listen on. Default: 127.0.0.1. The server knows no authentication. */
  readonly ip?: string
  /** Created if it is not there. Default: `default`. */
  readonly namespace?: string
  /** Registered before the server counts as ready. Default: ours. */
  readonly searchAttributes?: Readonly<Record<string, SearchAttributeTypeName>>
  /** Gets lines for a person, such as the progress of an installation. */
  readonly log?: Log
  /** Gets each line that the server itself prints. Default: only the last ones are kept, for errors. */
  readonly serverLog?: Log
  /** Default: that of this process. Read to find the executable. */
  readonly env?: NodeJS.ProcessEnv
}

export interface DevServer {
  /** `host:port` of the frontend. */
  readonly address: string
  readonly namespace: string
  /** Of the Web UI, unless headless. */
  readonly uiUrl?: string
  /** Of the process that holds the server; also the process group of both. */
  readonly pid: number
  /** Resolves when the server has ended, stopped or by itself. */
  readonly exited: Promise<void>
  /** Stops the server and resolves when it has ended. Safe to call twice. */
  stop(): Promise<void>
}

const startTimeoutMs = 30_000

/**
 * Starts Temporal's development server and resolves when it answers and has its search attributes. It ends with this
 * process, whatever ends this process (see `keeper.ts`).
 *
 * @throws TidemarkError `TemporalCliNotFound`; `InvalidUsage` for a port that is taken; `InvalidConfiguration` for a database
 *   whose search attributes have other types; `TemporalUnreachable`, with the server's last lines, when it does not start
 */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const { ip = '127.0.0.1', namespace = 'default', db, log, searchAttributes = ours, env = process.env } = options
  if (process.platform === 'win32') {
    throw new TidemarkError(
      'NotSupportedYet',
      'The embedded Temporal server needs a POSIX system: start "temporal server start-dev" yourself and name it in TEMPORAL_ADDRESS, or use WSL.',
    )
  }
  const cli = await findTemporalCli({ env, ...(log && { log }) })
  for (let tries = 1; ; tries++) {
    const port = await claimPort(options.port, ip, 'the Temporal server')
    const uiPort = options.headless ? undefined : await claimPort(options.uiPort, ip, 'the Temporal Web UI')
    const args = devServerArgs({ ip, port, uiPort, metricsPort: options.metricsPort, db, namespace, searchAttributes })
    // In memory there is nothing to finish; a database is closed in order, which takes the server about a second.
    const kept = await spawnKept(cli.path, args, { graceSeconds: db === undefined ? 0 : 10 })
    const lastLines = collectLines(kept, options.serverLog)
    const address = `${ip.includes(':') ? `[${ip}]` : ip}:${port}`
    try {
      await untilReady(address, namespace, searchAttributes, kept)
      return running(kept, address, namespace, uiPort)
    } catch (error) {
      kept.release()
      await kept.exited
      if (error instanceof TidemarkError) throw error
      // A free port can be taken in the moment before the server listens on it: then look for others.
      const lostPort = lastLines.some((line) => line.includes('address already in use'))
      if (lostPort && tries < 5) continue
      throw new TidemarkError(
        'TemporalUnreachable',
        `The Temporal server did not start (${messageOf(error)}); its last lines are:\n${lastLines.join('\n')}`,
        { path: cli.path, cause: error },
      )
    }
  }
}

function running(kept: KeptProcess, address: string, namespace: string, uiPort: number | undefined): DevServer {
  const host = address.slice(0, address.lastIndexOf(':'))
  return {
    address,
    namespace,
    ...(uiPort !== undefined && { uiUrl: `http://${host}:${uiPort}` }),
    pid: kept.pid,
    exited: kept.exited.then(() => {}),
    async stop() {
      kept.release()
      await kept.exited
    },
  }
}

/** Asks until the frontend knows the namespace, then sees to the search attributes; ends early when the server does. */
async function untilReady(
  address: string,
  namespace: string,
  searchAttributes: Readonly<Record<string, SearchAttributeTypeName>>,
  kept: KeptProcess,
): Promise<void> {
  let died: string | undefined
  void kept.exited.then((code) => {
    died = `it ended with exit code ${code}`
  })
  const connection = Connection.lazy({
    address,
    interceptors: [], // We try again ourselves, and faster.
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 100 },
  })
  try {
    const deadline = Date.now() + startTimeoutMs
    for (;;) {
      const fault = await connection
        .withDeadline(Date.now() + 1_000, () => connection.workflowService.describeNamespace({ namespace }))
        .then(() => undefined, messageOf)
      if (died !== undefined) throw new Error(died)
      if (fault === undefined) break
      if (Date.now() > deadline) throw new Error(`it did not answer within ${startTimeoutMs / 1000} s: ${fault}`)
      await pause(25)
    }
    await ensureSearchAttributes(connection, namespace, searchAttributes)
  } finally {
    await connection.close()
  }
}

function collectLines(kept: KeptProcess, serverLog: Log | undefined): readonly string[] {
  const lastLines: string[] = []
  for (const input of [kept.stdout, kept.stderr]) {
    createInterface({ input }).on('line', (line) => {
      serverLog?.(line)
      lastLines.push(line)
      if (lastLines.length > 20) lastLines.shift()
    })
  }
  return lastLines
}
