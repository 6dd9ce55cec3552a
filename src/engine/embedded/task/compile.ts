import type { DownstreamNode, OperatorNode, SourceNode } from '../../../pipeline/graph.js'
import type { Collector, KeyedState, OperatorContext, StatefulOperator } from '../../../pipeline/operator.js'
import { StepFailure } from './failures.js'

/** What stands below one source, as two calls: no promise, and nothing allocated, for a record. */
export interface Chain {
  readonly push: (record: unknown) => void
  /** The input has ended: tells each operator, upstream first, so that what it emits still passes those below it. */
  readonly end: () => void
}

export interface ChainParts {
  readonly task: number
  stateOf(id: string): KeyedState<never, never>
  write(sink: string): (record: unknown) => void
}

/** Opens every operator below a source and joins them. Errors say which step threw. */
export function compileChain(source: SourceNode, parts: ChainParts): Chain {
  const ends: (() => void)[] = []
  const push = fanOut(source.downstream.map((node) => compileNode(node, parts, ends)))
  return {
    push,
    end: () => {
      for (const end of ends) end()
    },
  }
}

function compileNode(node: DownstreamNode, parts: ChainParts, ends: (() => void)[]): (record: unknown) => void {
  return node.kind === 'sink' ? compileSink(node.id, node.sink.name, parts) : compileOperator(node, parts, ends)
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

function compileOperator(node: OperatorNode, parts: ChainParts, ends: (() => void)[]): (record: unknown) => void {
  const { operator } = node
  const step = `operator "${operator.name}"`
  // Before those below it: `ends` is in the order in which the operators are told.
  const place = ends.length
  const out: Collector<unknown> = { collect: fanOut(node.downstream.map((below) => compileNode(below, parts, ends))) }
  const instance = guarded(step, () => operator.open(contextOf(node, parts)))
  if (instance.onEnd !== undefined) ends.splice(place, 0, () => guarded(step, () => instance.onEnd?.(out)))
  return (record) => {
    try {
      instance.onRecord(record, out)
    } catch (error) {
      throw StepFailure.at(step, error)
    }
  }
}

function contextOf(node: OperatorNode, parts: ChainParts): OperatorContext {
  return {
    task: parts.task,
    keyedState: () => {
      if (!node.stateful) throw new Error('it declares no state: give the operator an id and a version')
      return parts.stateOf((node.operator as StatefulOperator<unknown, unknown>).id) as never
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
