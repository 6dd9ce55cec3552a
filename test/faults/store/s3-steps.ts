import type { ArrivingRequest } from '../../support/fault-proxy.js'
import { s3Refusal, slowDown } from '../../support/servers/s3-answers.js'
import { brokenWays, type Dialect, headLength, type StoreStep } from './store-step.js'

/** S3, with the bucket in the path. */
export function s3Dialect(bucket: string): Dialect {
  return {
    errors: [...brokenWays, slowDown, s3Refusal(500, 'InternalError'), s3Refusal(403, 'AccessDenied')],
    read: (request) => readS3(bucket, request),
  }
}

async function readS3(bucket: string, { method, url, body }: ArrivingRequest): Promise<StoreStep | undefined> {
  const { pathname, searchParams } = new URL(url, 'http://s3')
  if (!pathname.startsWith(`/${bucket}`)) return undefined
  const key = decodeURIComponent(pathname.slice(bucket.length + 2))
  if (key === '') {
    if (method === 'POST' && searchParams.has('delete')) {
      const keys = [...(await body()).toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name = '']) => name)
      return { op: 'delete', paths: keys }
    }
    const prefix = searchParams.get('prefix')
    return prefix !== null && searchParams.has('list-type') ? { op: 'list', paths: [prefix] } : undefined
  }
  switch (method) {
    case 'PUT':
      return { op: 'put', paths: [key], head: (await body()).subarray(0, headLength).toString('latin1') }
    case 'GET':
      return { op: 'get', paths: [key] }
    case 'HEAD':
      return { op: 'head', paths: [key] }
    case 'DELETE':
      return { op: 'delete', paths: [key] }
    default:
      return undefined
  }
}
