import type { DownstreamNode, JobGraph } from '../../src/pipeline/graph.js'
import type { Collector, Key, KeyedState, OperatorContext, OperatorInstance } from '../../src/pipeline/operator.js'
import type { Source } from '../../src/pipeline/source.js'

/** A bounded source of given records, for pipelines under test. */
export function listSource<T>(records: readonly T[], name = 'list'): Source<T, number> {
  return {
    name,
    bounded: true,
    splits: async () => ['0'],
    open: async (_split, position = 0) => {
      let next = position
      return {
        read: (max) => {
          if (next >= records.length) return 'end'
          const batch = records.slice(next, next + max)
          const first = next
          next += batch.length
          return { records: batch, where: (index) => `record ${first + index}` }
        },
        position: () => next,
        describe: () => `record ${next}`,
        close: async () => {},
      }
    },
  }
}

/** A sink to name in a pipeline whose output {@link runGraph} collects. */
export const nowhere = {
  name: 'nowhere()',
  kind: 'nowhere',
  guarantee: 'idempotent',
  open: async () => ({ write: () => {}, cut: async () => [], commit: async () => {}, close: async () => {} }),
} as const

/**
 * Sends every record through the graph, then its end; returns what reached each sink, and the states by operator id.
 */
export async function runGraph(graph: JobGraph) {
  const output = new Map<string, unknown[]>()
  const states = new Map<string, Map<Key, unknown>>()
  for (const node of graph.sources) {
    const head = node.downstream.map((below) => start(below, output, states))
    for (const split of await node.source.splits()) {
      const reader = await node.source.open(split, undefined)
      for (let result = await reader.read(2); result !== 'end'; result = await reader.read(2)) {
        if ('idle' in result) throw new Error('a list is never idle')
        for (const record of result.records) for (const running of head) running.onRecord(record)
      }
      await reader.close()
    }
    for (const running of head) running.onEnd()
  }
  return { output, states }
}

interface Running {
  onRecord(record: unknown): void
  onEnd(): void
}

function start(node: DownstreamNode, output: Map<string, unknown[]>, states: Map<string, Map<Key, unknown>>): Running {
  if (node.kind === 'sink') {
    const records: unknown[] = []
    output.set(node.id, records)
    return { onRecord: (record) => records.push(record), onEnd: () => {} }
  }
  const below = node.downstream.map((next) => start(next, output, states))
  const out: Collector<unknown> = {
    collect: (record) => {
      for (const running of below) running.onRecord(record)
    },
  }
  const state = new Map<Key, unknown>()
  if (node.stateful && 'id' in node.operator) states.set(node.operator.id, state)
  const context: OperatorContext = { task: 0, keyedState: <K extends Key, S>() => keyedState<K, S>(state) }
  const instance: OperatorInstance<unknown, unknown> = node.operator.open(context)
  return {
    onRecord: (record) => instance.onRecord(record, out),
    onEnd: () => {
      instance.onEnd?.(out)
      for (const running of below) running.onEnd()
    },
  }
}

function keyedState<K extends Key, S>(state: Map<Key, unknown>): KeyedState<K, S> {
  const typed = state as Map<K, S>
  return {
    get: (key) => typed.get(key),
    set: (key, value) => void typed.set(key, value),
    delete: (key) => void typed.delete(key),
    get size() {
      return typed.size
    },
    entries: () => typed.entries(),
  }
}
