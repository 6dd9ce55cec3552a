import type { Readable } from 'node:stream'
import type { GetObjectCommandOutput as GetObjectOutput } from '@aws-sdk/client-s3'
import { backOff, mostAttempts } from '../retry.js'
import type { ByteRange } from '../storage.js'
import type { S3Connection } from './s3-connection.js'
import { isBeyondTheEnd, mayPass } from './s3-errors.js'

/** Milliseconds without a byte after which a body counts as broken. */
const idleLimit = 8_000

export interface ObjectAddress {
  readonly Bucket: string
  readonly Key: string
}

/**
 * The bytes of an object, or of a range of it. A body that breaks off or stands still is asked for again from where it stopped, on condition
 * that the object is still the same.
 */
export async function* streamObject(
  connection: S3Connection,
  address: ObjectAddress,
  { start, end }: ByteRange,
): AsyncGenerator<Buffer> {
  let position = start
  let etag: string | undefined
  for (let failures = 0; ; ) {
    const answer = await open(connection, { ...address, ...rangeOf(position, end) }, etag)
    if (answer === undefined) return
    const body = answer.Body as Readable
    try {
      if (end === start) return
      etag = answer.ETag
      const stop = position + (answer.ContentLength ?? 0)
      for await (const chunk of withIdleLimit(body)) {
        position += chunk.length
        failures = 0
        yield chunk
      }
      if (position === stop) return
      throw new Error(`the body ended after ${position} of ${stop} bytes`)
    } catch (error) {
      if (!mayPass(error) || ++failures === mostAttempts) throw error
      await backOff(failures)
    } finally {
      body.destroy()
    }
  }
}

/** Undefined: the range begins beyond the object's end. */
async function open(
  connection: S3Connection,
  request: ObjectAddress & { readonly Range?: string },
  etag: string | undefined,
): Promise<GetObjectOutput | undefined> {
  try {
    return await connection.call((client, options) =>
      client.getObject({ ...request, ...(etag !== undefined && { IfMatch: etag }) }, options),
    )
  } catch (error) {
    if (isBeyondTheEnd(error)) return undefined
    throw error
  }
}

/** An empty range has no spelling in HTTP: one byte is asked for then, to learn whether the object is there. */
function rangeOf(position: number, end: number | undefined): { Range?: string } {
  if (end !== undefined) return { Range: `bytes=${position}-${Math.max(end - 1, position)}` }
  return position === 0 ? {} : { Range: `bytes=${position}-` }
}

/** The time that the consumer takes does not count. */
async function* withIdleLimit(body: Readable): AsyncGenerator<Buffer> {
  const chunks = body[Symbol.asyncIterator]()
  for (;;) {
    const timer = setTimeout(() => body.destroy(new Error(`no byte came for ${idleLimit / 1000} s`)), idleLimit)
    try {
      const next = await chunks.next()
      if (next.done) return
      clearTimeout(timer)
      yield next.value as Buffer
    } finally {
      clearTimeout(timer)
    }
  }
}
