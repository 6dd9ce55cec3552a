import type { ArrivingRequest } from '../../support/fault-proxy.js'
import { hdfsRefusal, retryLater } from '../../support/servers/hdfs/hdfs-answers.js'
import { brokenWays, type Dialect, headLength, type StoreStep } from './store-step.js'

/** Temporaries whose content is remembered until they get their name; the oldest are forgotten. */
const remembered = 200

/** WebHDFS: its name node and its data nodes. */
export function hdfsDialect(): Dialect {
  const heads = new Map<string, string>()
  return {
    errors: [
      ...brokenWays,
      retryLater,
      hdfsRefusal(403, 'StandbyException'),
      hdfsRefusal(403, 'SafeModeException'),
      hdfsRefusal(403, 'DSQuotaExceededException', 'The quota is exceeded'),
      hdfsRefusal(403, 'AccessControlException', 'Permission denied: user=x'),
    ],
    read: (request) => readHdfs(heads, request),
  }
}

const operations = {
  MKDIRS: 'makeFolder',
  CREATE: 'create',
  OPEN: 'get',
  LISTSTATUS_BATCH: 'list',
  GETFILESTATUS: 'head',
  DELETE: 'delete',
  RENAME: 'rename',
} as const

async function readHdfs(heads: Map<string, string>, { url, body }: ArrivingRequest): Promise<StoreStep | undefined> {
  const { pathname, searchParams } = new URL(url, 'http://hdfs')
  const path = plain(decodeURIComponent(pathname).replace(/^\/webhdfs\/v1\//, '/'))
  const operation = Object.entries(operations).find(([name]) => name === searchParams.get('op')?.toUpperCase())?.[1]
  if (operation === undefined) return undefined
  // Only a data node is told which name node sent the client.
  const atDataNode = searchParams.has('namenoderpcaddress')
  if (operation === 'create' && atDataNode) {
    const head = (await body()).subarray(0, headLength).toString('latin1')
    heads.set(path, head)
    if (heads.size > remembered) heads.delete(heads.keys().next().value ?? '')
    return { op: 'upload', paths: [path], head }
  }
  if (operation === 'get' && atDataNode) return { op: 'download', paths: [path] }
  if (operation !== 'rename') return { op: operation, paths: [path] }
  const head = heads.get(path)
  return { op: 'rename', paths: [plain(searchParams.get('destination') ?? '')], ...(head !== undefined && { head }) }
}

/** A path without its slash in front. */
function plain(path: string): string {
  return path.replace(/^\/+/, '')
}
