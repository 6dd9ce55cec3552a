/** Where an operator sends what it makes. */
export interface Collector<T> {
  collect(record: T): void
}

/** One step of a pipeline. `open` is called once in each task; the instance lives as long as the attempt. */
export interface Operator<In, Out> {
  /** For people and for errors: `filter`, `process 'delays'`. */
  readonly name: string
  open(context: OperatorContext): OperatorInstance<In, Out>
}

/** Synchronous, so that a cut always falls between two records. */
export interface OperatorInstance<In, Out> {
  onRecord(record: In, out: Collector<Out>): void
  /** A bounded input has ended; what is emitted here is part of the last checkpoint. */
  onEnd?(out: Collector<Out>): void
}

/** A stateful operator declares its state, so that a definition can be checked before it runs. */
export interface StatefulOperator<In, Out, S = unknown> extends Operator<In, Out> {
  /** Unique within the job; the state of a snapshot finds its operator by it. */
  readonly id: string
  /** Version of the state's shape, a whole number from 1. */
  readonly version: number
  /** Brings a state of an older version to the current one; without it a restore across versions is refused. */
  readonly migrate?: (state: unknown, fromVersion: number) => S
}

export interface OperatorContext {
  readonly task: number
  /** The keyed state that this operator declared; only for a `StatefulOperator`. */
  keyedState<K extends Key, S>(): KeyedState<K, S>
}

export type Key = string | number

/**
 * State by key, of the whole job or of the split whose record is being processed. Values may be anything that the structured clone algorithm copies. Take a value anew for
 * each record, and keep none for the next one: between two records a snapshot may begin, which copies a value when it is taken.
 */
export interface KeyedState<K extends Key, S> {
  /** Undefined where the key has no state. A value taken from here and then changed must be `set` again to be part of the next snapshot. */
  get(key: K): S | undefined
  set(key: K, value: S): void
  delete(key: K): void
  readonly size: number
  entries(): IterableIterator<[K, S]>
}
