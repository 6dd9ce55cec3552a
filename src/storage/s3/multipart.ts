import type { CompletedPart } from '@aws-sdk/client-s3'
import type { WriteOptions } from '../storage.js'
import type { ObjectAddress } from './object-stream.js'
import type { S3Connection } from './s3-connection.js'
import { isNoSuchUpload, mayPassWriting } from './s3-errors.js'
import { hasMark, newMark } from './write-mark.js'

/** Bytes of a part; 10,000 of them, the most that S3 takes, are 78 GiB. Some servers want all parts but the last to be of one size. */
export const partSize = 8 * 1024 * 1024

/** Parts under way at once. With the one being filled they bound the memory of a write. */
const parallelParts = 3

/**
 * Writes a stream as one object: a short one with a single request, a longer one in parts. The object appears, whole, with the last request.
 * Whatever fails before, the upload is aborted; a process that dies leaves parts that nobody lists as an object, and that `tidy` removes.
 */
export async function writeStream(
  connection: S3Connection,
  address: ObjectAddress,
  chunks: AsyncIterable<Uint8Array>,
  release?: WriteOptions['release'],
): Promise<void> {
  const buffers = new PartBuffers()
  const parts = inParts(chunks, buffers, release)
  const first = await parts.next()
  if (first.done) return putObject(connection, address, Buffer.alloc(0))
  if (first.value.length < partSize) return putObject(connection, address, first.value)
  const mark = newMark()
  const upload = { ...address, UploadId: await begin(connection, address, mark) }
  try {
    const { size, completed } = await sendAll(connection, upload, first.value, parts, buffers)
    await complete(connection, upload, completed, size, mark)
  } catch (error) {
    // Best effort: what stays is what a crash would have left too.
    await connection.call((client, options) => client.abortMultipartUpload(upload, options)).catch(() => {})
    throw error
  }
}

/** Replaces whatever is there. */
export async function putObject(connection: S3Connection, address: ObjectAddress, content: Uint8Array): Promise<void> {
  await connection.call(
    (client, options) => client.putObject({ ...address, Body: content, ContentLength: content.length }, options),
    content.length,
    mayPassWriting(),
  )
}

type Upload = ObjectAddress & { readonly UploadId: string }

async function begin(connection: S3Connection, address: ObjectAddress, mark: Record<string, string>): Promise<string> {
  const { UploadId } = await connection.call((client, options) =>
    client.createMultipartUpload({ ...address, Metadata: mark }, options),
  )
  if (UploadId === undefined) throw new Error('the server began an upload without an id')
  return UploadId
}

/** Sends parts as they fill, a few at once. After the first failure no other begins, and those under way are awaited. */
async function sendAll(
  connection: S3Connection,
  upload: Upload,
  first: Buffer,
  rest: AsyncGenerator<Buffer>,
  buffers: PartBuffers,
): Promise<{ readonly size: number; readonly completed: CompletedPart[] }> {
  let size = 0
  const completed: CompletedPart[] = []
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const send = (part: Buffer, PartNumber: number) => {
    size += part.length
    const sent = sendPart(connection, upload, part, PartNumber)
      .then((done) => {
        completed.push(done)
        buffers.giveBack(part)
      })
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => underWay.delete(sent))
    underWay.add(sent)
  }
  try {
    send(first, 1)
    let number = 1
    for await (const part of rest) {
      if (failure !== undefined) break
      send(part, ++number)
      while (underWay.size >= parallelParts) await Promise.race(underWay)
    }
  } finally {
    await Promise.all(underWay)
  }
  if (failure !== undefined) throw failure.error
  return { size, completed: completed.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)) }
}

async function sendPart(
  connection: S3Connection,
  upload: Upload,
  part: Buffer,
  PartNumber: number,
): Promise<CompletedPart> {
  const { $metadata, ...sent } = await connection.call(
    (client, options) => client.uploadPart({ ...upload, PartNumber, Body: part, ContentLength: part.length }, options),
    part.length,
  )
  return { PartNumber, ETag: sent.ETag, ChecksumCRC32: sent.ChecksumCRC32 }
}

/** Completing an upload uses it up. Where an answer was lost, the object itself tells whether it was this very upload. */
async function complete(
  connection: S3Connection,
  upload: Upload,
  Parts: CompletedPart[],
  size: number,
  mark: Record<string, string>,
): Promise<void> {
  try {
    await connection.call(
      (client, options) => client.completeMultipartUpload({ ...upload, MultipartUpload: { Parts } }, options),
      // No byte of them travels, but some servers put them together now.
      size / 10,
      mayPassWriting(),
    )
  } catch (error) {
    if (!isNoSuchUpload(error) || !(await hasMark(connection, upload, mark))) throw error
  }
}

/** Cuts a stream into pieces of one size; the last one may be shorter, and none is empty. */
async function* inParts(
  chunks: AsyncIterable<Uint8Array>,
  buffers: PartBuffers,
  release?: WriteOptions['release'],
): AsyncGenerator<Buffer> {
  let part = buffers.take()
  let length = 0
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; ) {
      // A copy: the producer may use its chunk again while the part is still to be sent.
      const piece = chunk.subarray(offset, offset + partSize - length)
      part.set(piece, length)
      offset += piece.length
      length += piece.length
      if (length < partSize) continue
      yield part
      part = buffers.take()
      length = 0
    }
    release?.(chunk)
  }
  if (length > 0) yield part.subarray(0, length)
}

/** Buffers of sent parts are filled again: left to the garbage collector, they would pile up. */
class PartBuffers {
  readonly #free: Buffer[] = []

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(partSize)
  }

  giveBack(part: Buffer): void {
    if (part.length === partSize) this.#free.push(part)
  }
}
