import type { S3 } from '@aws-sdk/client-s3'
import { TidemarkError } from '../../errors.js'
import { checkFolder, checkName, checkRange, chosenNames } from '../names.js'
import type { S3Settings } from '../settings.js'
import type { BeforeTidying, ByteRange, FolderChoice, Storage, StoredObject, WriteOptions } from '../storage.js'
import { partSize, putObject, writeStream } from './multipart.js'
import { type ObjectAddress, streamObject } from './object-stream.js'
import { type CallOptions, S3Connection } from './s3-connection.js'
import {
  isNoSuchKey,
  isPreconditionFailed,
  mayHaveHappened,
  mayPassWriting,
  refusal,
  unavailable,
} from './s3-errors.js'
import { sweepUploads } from './sweep-uploads.js'
import { hasMark, newMark } from './write-mark.js'

/** The most that one request deletes. */
const deletesPerRequest = 1000

/**
 * Objects below a prefix of a bucket, on AWS or any server with the same protocol that has conditional writes and shows a write to every
 * later reader and listing.
 *
 * An object appears whole or not at all, by the protocol. Create-if-absent is a put on condition that nothing has the name
 * (`If-None-Match: *`).
 */
export class S3Storage implements Storage {
  readonly uri: string
  readonly #bucket: string
  readonly #prefix: string
  readonly #connection: S3Connection

  constructor(bucket: string, folder: string, settings?: S3Settings) {
    this.uri = folder === '' ? `s3://${bucket}` : `s3://${bucket}/${folder}`
    this.#bucket = bucket
    this.#prefix = folder === '' ? '' : `${folder}/`
    this.#connection = new S3Connection(settings)
  }

  async read(name: string, range?: ByteRange): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of this.readStream(name, range)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  async *readStream(name: string, range: ByteRange = { start: 0 }): AsyncGenerator<Buffer> {
    checkName(name)
    checkRange(name, range)
    try {
      yield* streamObject(this.#connection, this.#address(name), range)
    } catch (error) {
      const uri = this.#uriOf(name)
      if (isNoSuchKey(error))
        throw new TidemarkError('ObjectNotFound', `${uri} is not there.`, { path: uri, cause: error })
      throw this.#unavailable('read', uri, error)
    }
  }

  async createIfAbsent(name: string, content: Uint8Array): Promise<'created' | 'exists'> {
    checkName(name)
    const address = this.#address(name)
    const mark = newMark()
    let unclear = false
    try {
      const put = async (client: S3, options: CallOptions) => {
        try {
          const body = { Body: content, ContentLength: content.length }
          await client.putObject({ ...address, ...body, IfNoneMatch: '*', Metadata: mark }, options)
        } catch (error) {
          unclear ||= mayHaveHappened(error)
          throw error
        }
      }
      await this.#connection.call(put, content.length, mayPassWriting())
      return 'created'
    } catch (error) {
      if (!isPreconditionFailed(error)) throw this.#unavailable('create', this.#uriOf(name), error)
    }
    // The name is taken; after a try without an answer, perhaps by that very try.
    if (!unclear) return 'exists'
    const own = await this.#doing('create', this.#uriOf(name), () => hasMark(this.#connection, address, mark))
    return own ? 'created' : 'exists'
  }

  async write(
    name: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    { release }: WriteOptions = {},
  ): Promise<void> {
    checkName(name)
    const address = this.#address(name)
    let failedStream: { readonly error: unknown } | undefined
    async function* guarded(chunks: AsyncIterable<Uint8Array>) {
      try {
        yield* chunks
      } catch (error) {
        failedStream = { error }
        throw error
      }
    }
    try {
      if (!(content instanceof Uint8Array)) await writeStream(this.#connection, address, guarded(content), release)
      else if (content.length <= 2 * partSize) await putObject(this.#connection, address, content)
      else await writeStream(this.#connection, address, pieces(content))
    } catch (error) {
      // The producer's failure is not the store's.
      if (failedStream !== undefined) throw failedStream.error
      throw this.#unavailable('write', this.#uriOf(name), error)
    }
  }

  async list(folder: string): Promise<readonly StoredObject[]> {
    checkFolder(folder)
    const Prefix = this.#prefix + (folder === '' ? '' : `${folder}/`)
    return this.#doing('list', this.#uriOf(folder), async () => {
      const found: StoredObject[] = []
      for (let token: string | undefined; ; ) {
        const page = await this.#connection.call((client, options) =>
          client.listObjectsV2(
            // XML cannot hold every character of a name.
            {
              Bucket: this.#bucket,
              Prefix,
              EncodingType: 'url',
              ...(token !== undefined && { ContinuationToken: token }),
            },
            options,
          ),
        )
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
          const key = decodeURIComponent(Key.replaceAll('+', '%20'))
          // An empty object with a slash at its end is how consoles draw a folder.
          if (key.endsWith('/')) continue
          const name = key.slice(this.#prefix.length)
          found.push({ name, size: Size, modifiedAt: LastModified?.getTime() ?? 0 })
        }
        token = page.NextContinuationToken
        if (!page.IsTruncated || token === undefined) break
      }
      return found.sort((a, b) => (a.name < b.name ? -1 : 1))
    })
  }

  async delete(name: string): Promise<void> {
    checkName(name)
    await this.#doing('delete', this.#uriOf(name), () =>
      this.#connection.call((client, options) => client.deleteObject(this.#address(name), options)),
    )
  }

  async deleteAll(names: readonly string[]): Promise<void> {
    for (const name of names) checkName(name)
    for (let first = 0; first < names.length; first += deletesPerRequest) {
      const batch = names.slice(first, first + deletesPerRequest)
      const Objects = batch.map((name) => ({ Key: this.#prefix + name }))
      await this.#doing('delete', this.uri, async () => {
        await this.#connection.call(async (client, options) => {
          const deletion = { Bucket: this.#bucket, Delete: { Objects, Quiet: true } }
          const [refused] = (await client.deleteObjects(deletion, options)).Errors ?? []
          if (refused !== undefined) throw refusal(refused.Code, refused.Message)
        })
      })
    }
  }

  /** One request tells of a thousand objects, whatever their folders. */
  async listNames(folder: string, within?: FolderChoice): Promise<readonly string[]> {
    return chosenNames(await this.list(folder), folder, within)
  }

  /** Nothing to do: what can be read is stored. */
  async persist(name: string): Promise<void> {
    checkName(name)
  }

  async tidy(folder: string, writers: 'dead' | 'all', before?: BeforeTidying): Promise<void> {
    checkFolder(folder)
    const prefix = this.#prefix + (folder === '' ? '' : `${folder}/`)
    await this.#doing('tidy', this.#uriOf(folder), () =>
      sweepUploads(
        this.#connection,
        this.#bucket,
        prefix,
        writers,
        before && ((keys) => before(keys.map((key) => key.slice(this.#prefix.length)))),
      ),
    )
  }

  #address(name: string): ObjectAddress {
    return { Bucket: this.#bucket, Key: this.#prefix + name }
  }

  #uriOf(name: string): string {
    return name === '' ? this.uri : `${this.uri}/${name}`
  }

  async #doing<T>(what: string, uri: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw this.#unavailable(what, uri, error)
    }
  }

  #unavailable(doing: string, uri: string, error: unknown): TidemarkError {
    return unavailable(doing, uri, this.#bucket, error)
  }
}

async function* pieces(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < content.length; offset += partSize) yield content.subarray(offset, offset + partSize)
}
