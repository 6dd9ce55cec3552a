import { type KeyField, type KeySelector, keyFunction } from './key.js'
import type { Key, Operator, StatefulOperator } from './operator.js'
import { Pipeline, type PlanStep } from './plan.js'
import { processOperator } from './process.js'
import type { EmittedBy, OnEnd, OnRecord, ProcessSpec } from './process-spec.js'
import { type Keyed, type ReduceSpec, reduceOperator } from './reduce.js'
import type { Sink } from './sink.js'
import { filterOperator, flatMapOperator, mapOperator } from './stateless.js'

/**
 * Records of one type on their way from a source. A stream is a description: nothing runs until the job does. Each step
 * gives a new stream, so one stream may lead to several sinks.
 */
export class Stream<T> {
  readonly #step: PlanStep

  constructor(step: PlanStep) {
    this.#step = step
  }

  map<U>(change: (record: T) => U): Stream<U> {
    return this.transform(mapOperator(change))
  }

  /** Keeps the records for which `keep` answers true; a type guard narrows the record type. */
  filter<U extends T>(keep: (record: T) => record is U): Stream<U>
  filter(keep: (record: T) => boolean): Stream<T>
  filter(keep: (record: T) => boolean): Stream<T> {
    return new Stream({ kind: 'operator', upstream: this.#step, operator: filterOperator(keep), passesRecordsOn: true })
  }

  /** Zero or more records for each one: an array, a generator, or any other iterable. */
  flatMap<U>(expand: (record: T) => Iterable<U>): Stream<U> {
    return this.transform(flatMapOperator(expand))
  }

  /**
   * Gives each record the key under which its state is kept, a string or a finite number: by a function, or by the name of a field. State is
   * kept for the whole job, which then needs one task, or for each split where the source is `partitionedBy` the same and nothing but
   * `filter` is between.
   */
  keyBy<F extends KeyField<T>>(field: F): KeyedStream<Extract<T[F], Key>, T>
  keyBy<K extends Key>(keyOf: (record: T) => K): KeyedStream<K, T>
  keyBy<K extends Key>(key: KeyField<T> | ((record: T) => K)): KeyedStream<K, T> {
    return new KeyedStream(this.#step, key)
  }

  /** An operator of your own; a stateful one declares its id and the version of its state. */
  transform<U>(operator: Operator<T, U> | StatefulOperator<T, U>): Stream<U> {
    return new Stream({ kind: 'operator', upstream: this.#step, operator })
  }

  /** Ends the stream. A job with several sinks gives each an `id`, which a snapshot's unfinished commits find it by. */
  to(sink: Sink<T>, options: { readonly id?: string } = {}): Pipeline {
    return new Pipeline(this.#step, sink, options.id)
  }
}

/** A stream whose records have keys: what may keep state. */
export class KeyedStream<K extends Key, T> {
  readonly #step: PlanStep
  readonly #keyedBy: KeySelector<T>
  readonly #keyOf: (record: T) => K

  constructor(step: PlanStep, key: KeyField<T> | ((record: T) => K)) {
    this.#step = step
    this.#keyedBy = key
    this.#keyOf = keyFunction<T, K>(key)
  }

  /** Keeps a state for each key and emits what it likes: see {@link ProcessSpec}. */
  process<S, Each extends OnRecord<K, T, S>, End extends OnEnd<K, S>>(
    spec: ProcessSpec<K, T, S, Each, End>,
  ): Stream<EmittedBy<K, S, Each, End>> {
    return this.#below(processOperator<K, T, S, Each, End>(this.#keyOf, spec))
  }

  /** Accumulates over each key's records; emits the key and its accumulator after every record. */
  reduce<A>(spec: ReduceSpec<K, T, A>): Stream<Keyed<K, A>> {
    return this.#below(reduceOperator(this.#keyOf, spec))
  }

  #below<U, S>(operator: StatefulOperator<T, U, S>): Stream<U> {
    return new Stream({ kind: 'operator', upstream: this.#step, operator, keyedBy: this.#keyedBy })
  }
}
