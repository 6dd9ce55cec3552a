import { setTimeout as pause } from 'node:timers/promises'
import { type Fault, FaultProxy, type Passage } from '../../support/fault-proxy.js'
import type { EntryRecord } from '../entry-record.js'
import { signal } from '../hosts.js'
import { Gate } from './gate.js'
import { noteAnswer, noteRequest } from './note-entries.js'
import type { Dialect, StoreOperation, StoreStep } from './store-step.js'

export type StoreAction =
  /** SIGKILL to the process that asks. `late`: its request arrives all the same, once released; else never, or its answer never. */
  | { readonly do: 'kill'; readonly late?: boolean }
  /** SIGSTOP to the process; its request, or the answer, waits until released. */
  | { readonly do: 'stop' }
  /** The request, or the answer, waits until released; whoever asks may have given up by then. */
  | { readonly do: 'hold' }
  /** `after` the server has answered, every fault is a lost answer. */
  | { readonly do: 'fail'; readonly fault: Fault }
  /** Milliseconds. */
  | { readonly do: 'delay'; readonly ms: number }

export interface StoreOrder {
  readonly requests: readonly StoreOperation[]
  readonly path: RegExp
  /** Matches what was written, its first 4 kB. */
  readonly content?: RegExp
  /** `before`: the server has seen nothing of it; `after`: it has done it, and nobody knows. */
  readonly when: 'before' | 'after'
  readonly action: StoreAction
  /** Strikes each request that matches until it is taken back; otherwise the first one. */
  readonly lasting?: boolean
}

/** As `Armed` of the disk's faults. */
export interface StoreArmed {
  readonly struck: Promise<{ readonly pid: number }>
  release(): Promise<void>
  disarm(): Promise<void>
}

/** A worker process's own way to the store. */
export interface Door {
  /** Where the store is for this process. */
  readonly origin: string
  /** Whose door it is. */
  belongsTo(pid: number): void
  /** What the process has sent whole arrives all the same. */
  close(): Promise<void>
}

interface Standing {
  readonly order: StoreOrder
  readonly struck: Gate<{ readonly pid: number }>
  readonly released: Gate<void>
  isDone: boolean
}

/** Faults between worker processes and a store: each process has a door, and every door obeys the standing orders. */
export class StoreFaults {
  readonly #origin: string
  readonly #dialect: Dialect
  readonly #record: EntryRecord
  readonly #standing = new Set<Standing>()

  /**
   * @param origin of the store's server
   * @param record is told what happens to the entries of logs
   */
  constructor(origin: string, dialect: Dialect, record: EntryRecord) {
    this.#origin = origin
    this.#dialect = dialect
    this.#record = record
  }

  /** What may come in place of an answer. */
  get errors(): readonly Fault[] {
    return this.#dialect.errors
  }

  async door(): Promise<Door> {
    const proxy = await FaultProxy.start(this.#origin)
    const owner = new Gate<number>()
    proxy.plan(async (request) => {
      const step = await this.#dialect.read(request)
      if (step === undefined) return undefined
      await request.body()
      return this.#pass(step, await owner.opened)
    })
    return { origin: proxy.origin, belongsTo: owner.open, close: () => proxy.close() }
  }

  /** Every request that arrives from now on meets the order. */
  arm(order: StoreOrder): StoreArmed {
    const standing: Standing = { order, struck: new Gate(), released: new Gate(), isDone: false }
    this.#standing.add(standing)
    return {
      struck: standing.struck.opened,
      release: async () => standing.released.open(),
      disarm: async () => {
        standing.isDone = true
        standing.struck.fail(new Error('The order was taken back before it struck.'))
      },
    }
  }

  /** Takes every order back and releases whatever is held. */
  heal(): void {
    for (const standing of this.#standing) {
      standing.isDone = true
      standing.struck.fail(new Error('The order was taken back before it struck.'))
      standing.released.open()
    }
    this.#standing.clear()
  }

  async #pass(step: StoreStep, pid: number): Promise<Fault | Passage> {
    const before = this.#take(step, 'before', pid)
    const fault = before && (await obey(before, pid))
    noteRequest(this.#record, step)
    return {
      fault,
      answered: async (status) => {
        noteAnswer(this.#record, step, status)
        const after = this.#take(step, 'after', pid)
        return after && (await obey(after, pid)) !== undefined ? 'lost answer' : undefined
      },
    }
  }

  #take(step: StoreStep, when: StoreOrder['when'], pid: number): Standing | undefined {
    for (const standing of this.#standing) {
      if (standing.isDone || standing.order.when !== when || !meets(standing.order, step)) continue
      standing.isDone = !standing.order.lasting
      standing.struck.open({ pid })
      return standing
    }
    return undefined
  }
}

/** Answers what becomes of the request; undefined: it goes on. */
async function obey({ order: { action, when }, released }: Standing, pid: number): Promise<Fault | undefined> {
  switch (action.do) {
    case 'kill':
      signal(pid, 'SIGKILL')
      if (!action.late || when === 'after') return 'reset'
      await released.opened
      return undefined
    case 'stop':
      signal(pid, 'SIGSTOP')
      await released.opened
      return undefined
    case 'hold':
      await released.opened
      return undefined
    case 'delay':
      await pause(action.ms)
      return undefined
    case 'fail':
      return action.fault
  }
}

function meets({ requests, path, content }: StoreOrder, { op, paths, head }: StoreStep): boolean {
  return requests.includes(op) && paths.some((one) => path.test(one)) && (content?.test(head ?? '') ?? true)
}
