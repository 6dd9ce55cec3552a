import { TidemarkError } from '../../errors.js'
import type { HadoopProperties } from './hadoop-properties.js'

/** Where a URI begins: `hdfs://` is Hadoop's own protocol by name and port, `webhdfs://` and `swebhdfs://` name the HTTP port themselves. */
export interface HdfsAuthority {
  readonly protocol: 'hdfs' | 'webhdfs' | 'swebhdfs'
  /** `host`, `host:port`, the name of a name service, or `''`: the one of `fs.defaultFS`. */
  readonly authority: string
}

const defaultPort = { 'http:': 9870, 'https:': 9871 } as const
type HttpProtocol = keyof typeof defaultPort

/**
 * The HTTP addresses of the name nodes behind a URI, several where a name service is highly available.
 * @throws InvalidConfiguration where the URI needs settings that are not there
 */
export function nameNodesOf(uri: HdfsAuthority, properties: HadoopProperties): readonly URL[] {
  const { protocol, authority } = uri.authority === '' ? defaultAuthority(uri.protocol, properties) : uri
  const services = list(properties.get('dfs.nameservices'))
  const http: HttpProtocol =
    protocol === 'swebhdfs' || (protocol === 'hdfs' && properties.get('dfs.http.policy') === 'HTTPS_ONLY')
      ? 'https:'
      : 'http:'
  if (services.includes(authority)) {
    const ids = list(properties.get(`dfs.ha.namenodes.${authority}`))
    const suffixes = ids.length === 0 ? [`.${authority}`] : ids.map((id) => `.${authority}.${id}`)
    return suffixes.map((suffix) => addressOf(http, suffix, authority, properties))
  }
  if (protocol !== 'hdfs') return [url(http, authority)]
  return [url(http, configuredAddress(http, authority, properties) ?? hostOf(authority))]
}

function defaultAuthority(protocol: HdfsAuthority['protocol'], properties: HadoopProperties): HdfsAuthority {
  const text = defaultFileSystem(properties)
  const [, found, authority = ''] = /^(hdfs|webhdfs|swebhdfs):\/\/([^/]+)\/*$/.exec(text ?? '') ?? []
  if (found === 'hdfs' || found === 'webhdfs' || found === 'swebhdfs') {
    // The protocol of the default goes with its port.
    return { protocol: found, authority }
  }
  const reason = text === undefined ? 'is not set' : `is ${text}, which is no HDFS`
  throw new TidemarkError(
    'InvalidConfiguration',
    `${protocol}:/// means the name node of fs.defaultFS, which ${reason}: set HADOOP_CONF_DIR or fs.defaultFS, or write ${protocol}://host:port/path.`,
    { path: `${protocol}:///` },
  )
}

function defaultFileSystem(properties: HadoopProperties): string | undefined {
  return properties.get('fs.defaultFS') ?? properties.get('fs.default.name')
}

/** One of the name nodes of a name service. */
function addressOf(http: HttpProtocol, suffix: string, service: string, properties: HadoopProperties): URL {
  const configured = properties.get(addressKey(http) + suffix)
  const rpc = properties.get(`dfs.namenode.rpc-address${suffix}`)
  const host = rpc === undefined ? undefined : hostOf(rpc)
  if (configured !== undefined) return url(http, withHost(configured, host))
  if (host !== undefined) return url(http, host)
  throw new TidemarkError(
    'InvalidConfiguration',
    `The name service ${service} has no address: set ${addressKey(http)}${suffix} in hdfs-site.xml.`,
    { path: `hdfs://${service}` },
  )
}

/** What is configured for the cluster's own name node; undefined for an authority that is another cluster's. */
function configuredAddress(http: HttpProtocol, authority: string, properties: HadoopProperties): string | undefined {
  const configured = properties.get(addressKey(http))
  if (configured === undefined) return undefined
  const own = [
    defaultFileSystem(properties)
      ?.replace(/^\w+:\/\//, '')
      .replace(/\/+$/, ''),
    properties.get('dfs.namenode.rpc-address'),
  ].filter((known) => known !== undefined)
  const host = hostOf(authority)
  const isOwn = own.length === 0 || own.some((known) => known === authority || hostOf(known) === host)
  return isOwn ? withHost(configured, host) : undefined
}

function addressKey(http: HttpProtocol): string {
  return http === 'https:' ? 'dfs.namenode.https-address' : 'dfs.namenode.http-address'
}

/** A server that listens everywhere says `0.0.0.0`: nobody can call it so. */
function withHost(address: string, host: string | undefined): string {
  return host !== undefined && hostOf(address) === '0.0.0.0' ? host + address.slice('0.0.0.0'.length) : address
}

function hostOf(authority: string): string {
  return authority.replace(/:\d+$/, '')
}

function url(http: HttpProtocol, authority: string): URL {
  const withPort = /:\d+$/.test(authority) ? authority : `${authority}:${defaultPort[http]}`
  try {
    return new URL(`${http}//${withPort}`)
  } catch (error) {
    throw new TidemarkError('InvalidConfiguration', `${withPort} is no address of a name node.`, { cause: error })
  }
}

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
