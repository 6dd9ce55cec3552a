import { normalize, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { messageOf, TidemarkError } from '../errors.js'
import { type HdfsUri, parseHdfsUri } from './hdfs/hdfs-uri.js'

const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//
/** Flink's and Hadoop's clients have schemes of their own for the same store. */
const s3Schemes = new Set(['s3', 's3a', 's3p'])
/** A bucket's name, or an access point's alias. */
const bucketPattern = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/
const memoryPattern = /^memory:\/\/([A-Za-z0-9][A-Za-z0-9._-]*)(\/.*)?$/

export type StorageUri =
  | { readonly scheme: 'file'; readonly uri: string; readonly path: string }
  | { readonly scheme: 'memory'; readonly uri: string; readonly name: string; readonly folder: string }
  | { readonly scheme: 's3'; readonly uri: string; readonly bucket: string; readonly folder: string }
  | HdfsUri

/**
 * One spelling for each place: an absolute URI without a trailing slash. In file URIs `..` is resolved and characters are percent-encoded; the
 * other schemes take every character as it is, as their own tools do, and refuse `..`.
 * Text without a scheme is a path, relative to `base` (a path or a file URI; default: the working directory).
 * @throws InvalidConfiguration for an unknown scheme or a URI that names no place
 */
export function normalizeUri(uri: string, base?: string): string {
  return parseUri(uri, base).uri
}

export function parseUri(uri: string, base?: string): StorageUri {
  if (uri === '') throw invalid(uri, 'it is empty')
  if (uri.includes('\0')) throw invalid(uri, 'it holds a NUL character')
  if (/^file:/i.test(uri)) return fileUri(filePath(uri))
  const hdfs = hdfsUri(uri)
  if (hdfs !== undefined) return hdfs
  const scheme = schemePattern.exec(uri)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    const from = base === undefined ? process.cwd() : /^file:/i.test(base) ? filePath(base) : base
    return fileUri(resolve(from, uri))
  }
  if (scheme === 'memory') return memoryUri(uri)
  if (s3Schemes.has(scheme)) return s3Uri(uri)
  throw invalid(
    uri,
    `the scheme ${scheme}:// is not known; write a path, or a URI with file://, s3://, hdfs:// or memory://`,
  )
}

/** The URI of what lies at `path` (a plain relative path) below a normalised URI. */
export function joinUri(uri: string, path: string): string {
  const parsed = parseUri(uri)
  return parsed.scheme === 'file' ? fileUri(resolve(parsed.path, path)).uri : `${parsed.uri}/${path}`
}

/** Splits off the last segment; undefined at the top. */
export function splitUri(uri: string): { readonly parent: string; readonly last: string } | undefined {
  const cut = uri.lastIndexOf('/')
  const last = uri.slice(cut + 1)
  const parent = uri.slice(0, cut)
  if (last === '' || parent.endsWith('/')) return undefined
  return { parent, last: uri.startsWith('file:') ? decodeURIComponent(last) : last }
}

function fileUri(path: string): StorageUri {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path
  if (trimmed === '/') return { scheme: 'file', uri: 'file:///', path: trimmed }
  // A URL loses spaces and control characters at its end; behind a slash they are not at the end.
  return { scheme: 'file', uri: pathToFileURL(`${trimmed}/`).href.slice(0, -1), path: trimmed }
}

function filePath(uri: string): string {
  try {
    const url = new URL(uri)
    if (url.search !== '' || url.hash !== '') throw new Error('write ? as %3F and # as %23')
    if (!/^file:\/(?!\/[^/])/i.test(uri)) throw new Error('a file URI has an absolute path: file:///directory')
    return normalize(fileURLToPath(url))
  } catch (error) {
    throw invalid(uri, messageOf(error))
  }
}

function memoryUri(uri: string): StorageUri {
  const match = memoryPattern.exec(uri)
  const name = match?.[1]
  if (name === undefined) throw invalid(uri, 'a memory store is written memory://name')
  const folder = plainFolder(uri, match?.[2] ?? '')
  return { scheme: 'memory', uri: folder === '' ? `memory://${name}` : `memory://${name}/${folder}`, name, folder }
}

function s3Uri(uri: string): StorageUri {
  const [, bucket = '', path = ''] = /^[^:]*:\/\/([^/]*)(.*)$/s.exec(uri) ?? []
  if (!bucketPattern.test(bucket)) throw invalid(uri, 'an S3 location is written s3://bucket/prefix')
  const folder = plainFolder(uri, path)
  return { scheme: 's3', uri: folder === '' ? `s3://${bucket}` : `s3://${bucket}/${folder}`, bucket, folder }
}

function hdfsUri(uri: string): HdfsUri | undefined {
  try {
    return parseHdfsUri(uri)
  } catch (error) {
    throw invalid(uri, messageOf(error))
  }
}

function plainFolder(uri: string, path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '')
  if (segments.some((segment) => segment === '.' || segment === '..')) throw invalid(uri, '. and .. are not allowed')
  return segments.join('/')
}

function invalid(uri: string, reason: string): TidemarkError {
  return new TidemarkError('InvalidConfiguration', `${JSON.stringify(uri)} is no storage location: ${reason}.`, {
    path: uri,
  })
}
