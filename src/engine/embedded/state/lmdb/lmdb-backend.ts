import { getHeapStatistics } from 'node:v8'
import type { StateBackend } from '../state-backend.js'
import type { StoreOptions } from '../state-store.js'
import { CacheBudget } from './cache-budget.js'
import { LmdbEnvironment } from './environment.js'
import { LmdbStateStore } from './lmdb-state-store.js'
import { WriteQueue } from './write-queue.js'

/** What a task has of its state in memory, as estimated, bytes: an eighth of a thread's heap, since a collector without room does little else. */
const mostCached = 32 * 1024 * 1024
const shareOfHeap = 1 / 8

/** The state of a task in one LMDB file, of which what is in use is in memory. */
export class LmdbBackend implements StateBackend {
  readonly #environment: LmdbEnvironment
  readonly #queue: WriteQueue
  readonly #budget: CacheBudget
  readonly #stores = new Set<LmdbStateStore<unknown>>()
  #opened = 0

  private constructor(environment: LmdbEnvironment, cache: number) {
    this.#environment = environment
    this.#queue = new WriteQueue(environment)
    this.#budget = new CacheBudget(cache)
  }

  /** @param cache bytes of memory */
  static async open(directory: string, cache = defaultCache()): Promise<LmdbBackend> {
    return new LmdbBackend(await LmdbEnvironment.open(directory), cache)
  }

  open<S>(options: StoreOptions): LmdbStateStore<S> {
    const store = new LmdbStateStore<S>({
      ...options,
      environment: this.#environment,
      queue: this.#queue,
      budget: this.#budget,
      store: this.#opened++,
      makeRoom: () => this.#makeRoom(),
      onDiscard: () => this.#stores.delete(store as LmdbStateStore<unknown>),
    })
    this.#stores.add(store as LmdbStateStore<unknown>)
    return store
  }

  get pressure(): Promise<void> | undefined {
    return this.#queue.pressure
  }

  async close(): Promise<void> {
    for (const store of this.#stores) store.close()
    await this.#queue.idle
    await this.#environment.close()
  }

  /** By the store that has most; by all where that is not enough. */
  #makeRoom(): void {
    let largest: LmdbStateStore<unknown> | undefined
    for (const store of this.#stores) if (largest === undefined || store.cost > largest.cost) largest = store
    largest?.evict()
    for (const store of this.#budget.excess > 0 ? this.#stores : []) store.evict()
  }
}

function defaultCache(): number {
  return Math.min(mostCached, getHeapStatistics().heap_size_limit * shareOfHeap)
}
