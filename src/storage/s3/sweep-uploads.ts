import type { S3Connection } from './s3-connection.js'
import { isNoSuchUpload } from './s3-errors.js'

/** An upload of this age, in milliseconds, has no live writer: no single object takes a day. */
const deadAfter = 24 * 60 * 60 * 1000

/** Looking for dead uploads more often than this would be paid for and find nothing new. */
const lookAgainAfter = 60 * 60 * 1000

/** When this thread last looked, by bucket and prefix. */
const looked = new Map<string, number>()

/**
 * Aborts uploads that were begun below a prefix and neither completed nor aborted: their parts are paid for, and no listing of objects shows
 * them. `dead`: only those begun a day ago, and only once an hour; `all`: every one.
 *
 * Some servers (MinIO) list an upload only under its full name, and remove what is abandoned by themselves.
 */
export async function sweepUploads(
  connection: S3Connection,
  bucket: string,
  prefix: string,
  writers: 'dead' | 'all',
  before?: (keys: readonly string[]) => Promise<void>,
): Promise<void> {
  const place = `${bucket}/${prefix}`
  const last = looked.get(place)
  if (writers === 'dead' && last !== undefined && performance.now() - last < lookAgainAfter) return
  let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
  for (;;) {
    const page = await connection.call((client, options) =>
      client.listMultipartUploads({ Bucket: bucket, Prefix: prefix, ...from }, options),
    )
    const { systemClockOffset } = (await connection.client()).config
    const now = Date.now() + systemClockOffset
    const garbage = (page.Uploads ?? []).filter(
      ({ Initiated }) => writers === 'all' || now - (Initiated?.getTime() ?? Number.POSITIVE_INFINITY) > deadAfter,
    )
    if (garbage.length > 0) await before?.(garbage.map(({ Key = '' }) => Key))
    for (const { Key, UploadId } of garbage) {
      const upload = { Bucket: bucket, Key, UploadId }
      await connection
        .call((client, options) => client.abortMultipartUpload(upload, options))
        .catch((error: unknown) => {
          // Its writer, or another sweep, was quicker.
          if (!isNoSuchUpload(error)) throw error
        })
    }
    if (!page.IsTruncated || page.NextKeyMarker === undefined) break
    from = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
  looked.set(place, performance.now())
}
