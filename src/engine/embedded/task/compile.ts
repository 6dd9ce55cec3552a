import type { DownstreamNode, OperatorNode, SourceNode, StateScope } from '../../../pipeline/graph.js'
import type { Collector, OperatorContext, StatefulOperator } from '../../../pipeline/operator.js'
import type { OperatorState } from '../state/operator-state.js'
import { SplitState } from '../state/split-state.js'
import { StepFailure } from './failures.js'

/** What stands below one source, as two calls: no promise, and nothing allocated, for a record. */
export interface Chain {
  readonly push: (record: unknown) => void
  /** What is pushed from here on is of this split. */
  readonly enter: (split: string) => void
  /** A split has ended: tells each operator whose state is the split's own, upstream first, which then goes. */
  readonly endSplit: (split: string) => void
  /** The input has ended: tells every other operator, upstream first, so that what it emits still passes those below it. */
  readonly end: () => void
}

export interface ChainParts {
  readonly task: number
  stateOf(id: string): OperatorState
  write(sink: string): (record: unknown) => void
}

/** Opens every operator below a source and joins them. Errors say which step threw. */
export function compileChain(source: SourceNode, parts: ChainParts): Chain {
  const growing: Growing = { ends: { job: [], split: [] }, states: [] }
  const push = fanOut(source.downstream.map((node) => compileNode(node, parts, growing)))
  const { ends, states } = growing
  const enter = (split: string) => {
    for (const state of states) state.enter(split)
  }
  return {
    push,
    enter,
    endSplit: (split) => {
      enter(split)
      for (const end of ends.split) end()
      for (const state of states) state.forget(split)
    },
    end: () => {
      for (const end of ends.job) end()
    },
  }
}

/** What the operators of a chain leave behind while they are joined. */
interface Growing {
  /** How each learns of its end, by what ends, in the order in which they are told. */
  readonly ends: Readonly<Record<StateScope, (() => void)[]>>
  readonly states: SplitState[]
}

function compileNode(node: DownstreamNode, parts: ChainParts, growing: Growing): (record: unknown) => void {
  return node.kind === 'sink' ? compileSink(node.id, node.sink.name, parts) : compileOperator(node, parts, growing)
}

function compileSink(id: string, name: string, parts: ChainParts): (record: unknown) => void {
  const write = parts.write(id)
  const step = `sink "${name}"`
  return (record) => {
    try {
      write(record)
    } catch (error) {
      throw StepFailure.at(step, error)
    }
  }
}

function compileOperator(node: OperatorNode, parts: ChainParts, growing: Growing): (record: unknown) => void {
  const { operator } = node
  const step = `operator "${operator.name}"`
  const ends = growing.ends[node.scope]
  // Before those below it.
  const place = ends.length
  const out: Collector<unknown> = {
    collect: fanOut(node.downstream.map((below) => compileNode(below, parts, growing))),
  }
  const state = stateOf(node, parts)
  if (state instanceof SplitState) growing.states.push(state)
  const instance = guarded(step, () => operator.open(contextOf(state, parts)))
  if (instance.onEnd !== undefined) ends.splice(place, 0, () => guarded(step, () => instance.onEnd?.(out)))
  return (record) => {
    try {
      instance.onRecord(record, out)
    } catch (error) {
      throw StepFailure.at(step, error)
    }
  }
}

function stateOf({ stateful, operator }: OperatorNode, parts: ChainParts): OperatorState | undefined {
  return stateful ? parts.stateOf((operator as StatefulOperator<unknown, unknown>).id) : undefined
}

function contextOf(state: OperatorState | undefined, { task }: ChainParts): OperatorContext {
  return {
    task,
    keyedState: () => {
      if (state === undefined) throw new Error('it declares no state: give the operator an id and a version')
      return state.keyed as never
    },
  }
}

function guarded<T>(step: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw StepFailure.at(step, error)
  }
}

function fanOut(targets: readonly ((record: unknown) => void)[]): (record: unknown) => void {
  const [only] = targets
  if (only !== undefined && targets.length === 1) return only
  return (record) => {
    for (const target of targets) target(record)
  }
}
