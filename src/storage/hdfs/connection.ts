import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { userInfo } from 'node:os'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import { messageOf, TidemarkError } from '../../errors.js'
import type { HdfsSettings } from '../settings.js'
import { Connecting } from './connecting.js'
import type { Timeouts } from './exchange.js'
import { type HadoopProperties, loadHadoopProperties } from './hadoop-properties.js'
import { type HdfsAuthority, nameNodesOf } from './name-nodes.js'

/** How a cluster is reached: everything that is settled before the first request. */
export interface Connection {
  readonly nameNodes: readonly URL[]
  readonly agent: (url: URL) => Agent
  readonly connecting: Connecting
  readonly timeouts: Timeouts
  /** Who asks, as Hadoop's simple authentication believes it. */
  readonly user: string
  /** Of a new file; what is not set is the cluster's choice. */
  readonly replication: string | undefined
  readonly blockSize: string | undefined
}

/** Milliseconds, where Hadoop's settings say nothing. A name node that is busy collecting garbage may need some seconds. */
const defaultTimeouts: Timeouts = { connect: 5_000, silence: 20_000 }

/** Connections that nobody uses are closed before the server does it, milliseconds. */
const idle = 4_000

/** @throws InvalidConfiguration */
export async function connect(uri: HdfsAuthority, settings: HdfsSettings): Promise<Connection> {
  const directory = settings.confDir ?? (process.env.HADOOP_CONF_DIR || undefined)
  const properties = await loadHadoopProperties(directory, settings.properties)
  const options = { keepAlive: true, timeout: idle, scheduling: 'lifo' } as const
  const plain = new Agent(options)
  const secure = new SecureAgent({ ...options, ...(await trusted(settings.caFile)) })
  return {
    nameNodes: nameNodesOf(uri, properties),
    connecting: new Connecting(),
    agent: (url) => (url.protocol === 'https:' ? secure : plain),
    timeouts: {
      connect: milliseconds('dfs.webhdfs.socket.connect-timeout', properties) ?? defaultTimeouts.connect,
      silence: milliseconds('dfs.webhdfs.socket.read-timeout', properties) ?? defaultTimeouts.silence,
    },
    user: userName(),
    replication: properties.get('dfs.replication'),
    blockSize: properties.get('dfs.blocksize'),
  }
}

/** Read once: it takes more time than all else of a connection, of which a data node wants a new one for each request. */
async function trusted(caFile: string | undefined): Promise<{ readonly secureContext?: SecureContext }> {
  if (caFile === undefined) return {}
  try {
    return { secureContext: createSecureContext({ ca: [...rootCertificates, await readFile(caFile, 'utf8')] }) }
  } catch (error) {
    throw new TidemarkError(
      'InvalidConfiguration',
      `The certificates in ${caFile} cannot be read: ${messageOf(error)}.`,
      {
        path: caFile,
        cause: error,
      },
    )
  }
}

function userName(): string {
  if (process.env.HADOOP_USER_NAME) return process.env.HADOOP_USER_NAME
  try {
    return userInfo().username
  } catch (error) {
    // A container may run under a number without a name.
    throw new TidemarkError('InvalidConfiguration', 'This process has no user name: set HADOOP_USER_NAME.', {
      cause: error,
    })
  }
}

const units: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000 }

function milliseconds(name: string, properties: HadoopProperties): number | undefined {
  const value = properties.get(name)
  if (value === undefined) return undefined
  const [, number, unit = ''] = /^\s*([0-9]+)\s*(ms|s|m|)\s*$/.exec(value) ?? []
  const factor = units[unit]
  if (number !== undefined && factor !== undefined && Number(number) > 0) return Number(number) * factor
  throw new TidemarkError(
    'InvalidConfiguration',
    `${name} is ${value}: write milliseconds, or a number and ms, s or m.`,
  )
}
