import type { Collector, Key } from './operator.js'

/** The key whose record is being processed. */
export interface KeyContext<K extends Key> {
  readonly key: K
  /** Forgets this key's state once `onRecord` has returned, unless it returns a new one. */
  clearState(): void
}

/** What `onRecord` may be: see {@link ProcessSpec.onRecord}. */
export type OnRecord<K extends Key, T, S> = (
  state: S,
  record: T,
  out: Collector<unknown>,
  context: KeyContext<K>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a method that only mutates the state returns nothing
) => S | void | Generator<unknown, S | void, void>

/** What `onEnd` may be: see {@link ProcessSpec.onEnd}. */
export type OnEnd<K extends Key, S> = (
  entries: Iterable<readonly [K, S]>,
  out: Collector<unknown>,
) => void | Generator<unknown, void, void>

export interface ProcessSpec<K extends Key, T, S, Each extends OnRecord<K, T, S>, End extends OnEnd<K, S>> {
  /** Unique within the job, and never changed: a snapshot's state finds this operator by it. */
  readonly id: string
  /** Version of the state's shape, a whole number from 1. Raise it when the shape changes, and add `migrate`. */
  readonly version: number
  /** The state of a key that has none yet; anything that the structured clone algorithm copies, except undefined. */
  readonly state: () => S
  /**
   * Called for each record with the state of its key, which may be changed in place or replaced by returning a new one.
   * A generator emits with `yield`, and its record type flows on without an annotation:
   *
   *     *onRecord(state, flight) { state.flights += 1; yield { origin: flight.origin, ...state } }
   *
   * A plain function emits with `out.collect(...)`; what follows then sees `unknown`, unless `out` is annotated:
   *
   *     onRecord(state, flight, out: Collector<Delays>) { out.collect({ origin: flight.origin, ...state }) }
   */
  readonly onRecord: Each
  /**
   * Called once, when a bounded input has ended, with each key and its state; it emits in either of the two ways. Where state is each split's own,
   * once for each split, when that has ended.
   */
  readonly onEnd?: End
  /** Brings a state of an older version to the current shape; without it a restore across versions is refused. */
  readonly migrate?: (state: unknown, fromVersion: number) => S
}

/** The type of what `onRecord` and `onEnd` emit, read off their own types. */
export type EmittedBy<K extends Key, S, Each, End> =
  | Emitted<Each>
  // With no `onEnd` given, the compiler infers the constraint itself, which must not widen the union to unknown.
  | (Same<End, OnEnd<K, S>> extends true ? never : Emitted<End>)

type Emitted<F> = F extends (...args: infer Parameters) => infer Returned
  ? Returned extends Generator<infer Yielded, unknown, unknown>
    ? Yielded
    : Parameters extends readonly [unknown, unknown, Collector<infer Out>, ...unknown[]]
      ? Out
      : Parameters extends readonly [unknown, Collector<infer Out>]
        ? Out
        : never
  : never

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false
