import { checkSynchronous, isGeneratorFunction } from './functions.js'
import { checkKey } from './key.js'
import type { Collector, Key, KeyedState, OperatorInstance, StatefulOperator } from './operator.js'
import type { EmittedBy, KeyContext, OnEnd, OnRecord, ProcessSpec } from './process-spec.js'

export function processOperator<
  K extends Key,
  T,
  S,
  Each extends OnRecord<K, T, S>,
  End extends OnEnd<K, S>,
  Out = EmittedBy<K, S, Each, End>,
>(keyOf: (record: T) => K, spec: ProcessSpec<K, T, S, Each, End>): StatefulOperator<T, Out, S> {
  const step = `process '${spec.id}'`
  checkSynchronous(`The state of ${step}`, spec.state)
  checkSynchronous(`The onRecord of ${step}`, spec.onRecord)
  if (spec.onEnd !== undefined) checkSynchronous(`The onEnd of ${step}`, spec.onEnd)
  return {
    name: step,
    id: spec.id,
    version: spec.version,
    ...(spec.migrate === undefined ? {} : { migrate: spec.migrate }),
    open: (context) => new ProcessInstance(keyOf, spec, context.keyedState<K, S>()),
  }
}

class ProcessInstance<K extends Key, T, S, Out> implements OperatorInstance<T, Out> {
  readonly #keyOf: (record: T) => K
  readonly #spec: ProcessSpec<K, T, S, OnRecord<K, T, S>, OnEnd<K, S>>
  readonly #states: KeyedState<K, S>
  readonly #context = new CurrentKey<K>()
  readonly #yields: boolean

  constructor(
    keyOf: (record: T) => K,
    spec: ProcessSpec<K, T, S, OnRecord<K, T, S>, OnEnd<K, S>>,
    states: KeyedState<K, S>,
  ) {
    this.#keyOf = keyOf
    this.#spec = spec
    this.#states = states
    this.#yields = isGeneratorFunction(spec.onRecord)
  }

  onRecord(record: T, out: Collector<Out>): void {
    const key = this.#keyOf(record)
    checkKey(key)
    const context = this.#context
    context.key = key
    context.cleared = false
    const kept = this.#states.get(key)
    const state = kept === undefined ? this.#spec.state() : kept
    const returned = this.#yields
      ? drain(this.#spec.onRecord(state, record, onlyYield, context) as Generator<Out, S | undefined, void>, out)
      : (this.#spec.onRecord(state, record, out as Collector<unknown>, context) as S | undefined)
    // The state is set even when it was changed in place: that is how the next snapshot learns of it.
    if (returned !== undefined) this.#states.set(key, returned)
    else if (context.cleared) this.#states.delete(key)
    else this.#states.set(key, state)
  }

  onEnd(out: Collector<Out>): void {
    const { onEnd } = this.#spec
    if (onEnd === undefined) return
    const entries = this.#states.entries()
    if (isGeneratorFunction(onEnd)) drain(onEnd(entries, onlyYield) as Generator<Out, undefined, void>, out)
    else onEnd(entries, out as Collector<unknown>)
  }
}

/** One object for all records of a task, so that a context costs nothing. */
class CurrentKey<K extends Key> implements KeyContext<K> {
  key!: K
  cleared = false

  clearState(): void {
    this.cleared = true
  }
}

/** A generator's record type comes from its yields alone; collecting beside them would escape the compiler. */
const onlyYield: Collector<unknown> = {
  collect() {
    throw new TypeError('a generator emits with yield, not with out.collect')
  },
}

function drain<Out, R>(emitting: Generator<Out, R, void>, out: Collector<Out>): R {
  for (;;) {
    const step = emitting.next()
    if (step.done === true) return step.value
    out.collect(step.value)
  }
}
