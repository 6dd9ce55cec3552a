import type { HdfsAuthority } from './name-nodes.js'

export interface HdfsUri extends HdfsAuthority {
  readonly scheme: 'hdfs'
  readonly uri: string
  /** Absolute, without a slash at its end; `''` is the top. */
  readonly path: string
}

/**
 * `hdfs://host:port/path`, `hdfs:///path` and Hadoop's short form of that, `hdfs:/path`; the same with `webhdfs` and `swebhdfs`. Every
 * character of the path is taken as it is, as Hadoop's tools do.
 */
const pattern = /^(hdfs|webhdfs|swebhdfs):(?:\/\/([^/]*))?(\/.*)?$/is

/** Undefined for another scheme. @throws Error that says what is wrong */
export function parseHdfsUri(uri: string): HdfsUri | undefined {
  const [, scheme, authority = '', rest = ''] = pattern.exec(uri) ?? []
  if (scheme === undefined) return undefined
  if (!/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])?(?::\d{1,5})?$/.test(authority)) {
    throw new Error(`${JSON.stringify(authority)} is no host:port and no name of a name service`)
  }
  const segments = rest.split('/').filter((segment) => segment !== '')
  if (segments.some((segment) => segment === '.' || segment === '..')) throw new Error('. and .. are not allowed')
  const protocol = scheme.toLowerCase() as HdfsUri['protocol']
  const path = segments.map((segment) => `/${segment}`).join('')
  // The case of a name service's name matters.
  return { scheme: 'hdfs', uri: `${protocol}://${authority}${path}`, protocol, authority, path }
}
