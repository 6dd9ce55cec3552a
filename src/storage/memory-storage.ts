import { TidemarkError } from '../errors.js'
import { checkFolder, checkName, checkRange, chosenNames } from './names.js'
import type { ByteRange, FolderChoice, Storage, StoredObject } from './storage.js'

interface MemoryObject {
  readonly content: Buffer
  readonly modifiedAt: number
}

/** Bytes of one chunk of a stream. */
const chunkSize = 256 * 1024

/** One map for each store name, shared by everything in this process that opens the same URI. */
const stores = new Map<string, Map<string, MemoryObject>>()

/** Objects in this process's memory, for tests and for trying things out: gone when the process ends. */
export class MemoryStorage implements Storage {
  readonly uri: string
  readonly #objects: Map<string, MemoryObject>
  readonly #prefix: string

  constructor(store: string, folder = '') {
    this.uri = folder === '' ? `memory://${store}` : `memory://${store}/${folder}`
    this.#prefix = folder === '' ? '' : `${folder}/`
    const objects = stores.get(store) ?? new Map<string, MemoryObject>()
    stores.set(store, objects)
    this.#objects = objects
  }

  async read(name: string, range?: ByteRange): Promise<Buffer> {
    return Buffer.from(this.#content(name, range))
  }

  async *readStream(name: string, range?: ByteRange): AsyncGenerator<Buffer> {
    const content = this.#content(name, range)
    for (let offset = 0; offset < content.length; offset += chunkSize) {
      yield Buffer.from(content.subarray(offset, offset + chunkSize))
    }
  }

  async createIfAbsent(name: string, content: Uint8Array): Promise<'created' | 'exists'> {
    checkName(name)
    if (this.#objects.has(this.#prefix + name)) return 'exists'
    this.#put(name, content)
    return 'created'
  }

  async persist(name: string): Promise<void> {
    checkName(name)
  }

  async write(name: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    checkName(name)
    if (content instanceof Uint8Array) return this.#put(name, content)
    const chunks: Buffer[] = []
    for await (const chunk of content) chunks.push(Buffer.from(chunk))
    this.#put(name, Buffer.concat(chunks))
  }

  async list(folder: string): Promise<readonly StoredObject[]> {
    checkFolder(folder)
    const below = this.#prefix + (folder === '' ? '' : `${folder}/`)
    return [...this.#objects]
      .filter(([name]) => name.startsWith(below))
      .map(([name, object]) => ({
        name: name.slice(this.#prefix.length),
        size: object.content.length,
        modifiedAt: object.modifiedAt,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async listNames(folder: string, within?: FolderChoice): Promise<readonly string[]> {
    return chosenNames(await this.list(folder), folder, within)
  }

  async delete(name: string): Promise<void> {
    checkName(name)
    this.#objects.delete(this.#prefix + name)
  }

  async deleteAll(names: readonly string[]): Promise<void> {
    for (const name of names) await this.delete(name)
  }

  async tidy(): Promise<void> {
    // A write is one assignment: it leaves nothing unfinished.
  }

  #content(name: string, range?: ByteRange): Buffer {
    checkName(name)
    checkRange(name, range)
    const object = this.#objects.get(this.#prefix + name)
    if (object === undefined) {
      throw new TidemarkError('ObjectNotFound', `${this.uri}/${name} is not there.`, { path: `${this.uri}/${name}` })
    }
    return object.content.subarray(range?.start, range?.end)
  }

  #put(name: string, content: Uint8Array): void {
    this.#objects.set(this.#prefix + name, { content: Buffer.from(content), modifiedAt: Date.now() })
  }
}
