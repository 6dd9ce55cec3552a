import { TidemarkError } from '../errors.js'
import { checkFolder, checkName } from './names.js'
import type { Storage, StoredObject } from './storage.js'

interface MemoryObject {
  readonly content: Buffer
  readonly modifiedAt: number
}

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

  async read(name: string): Promise<Buffer> {
    checkName(name)
    const object = this.#objects.get(this.#prefix + name)
    if (object === undefined) {
      throw new TidemarkError('ObjectNotFound', `${this.uri}/${name} is not there.`, { path: `${this.uri}/${name}` })
    }
    return Buffer.from(object.content)
  }

  async createIfAbsent(name: string, content: Uint8Array): Promise<'created' | 'exists'> {
    checkName(name)
    if (this.#objects.has(this.#prefix + name)) return 'exists'
    this.#put(name, content)
    return 'created'
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

  async delete(name: string): Promise<void> {
    checkName(name)
    this.#objects.delete(this.#prefix + name)
  }

  async tidy(): Promise<void> {
    // A write is one assignment: it leaves nothing unfinished.
  }

  #put(name: string, content: Uint8Array): void {
    this.#objects.set(this.#prefix + name, { content: Buffer.from(content), modifiedAt: Date.now() })
  }
}
