import type { OperatorRecord } from '../../../checkpoint/entry.js'
import type { DownstreamNode, JobGraph, SinkNode, SourceNode, StateScope } from '../../../pipeline/graph.js'
import type { StatefulOperator } from '../../../pipeline/operator.js'
import type { DeployResult } from '../../engine.js'

/** What a graph consists of, by id. */
export interface Inventory {
  readonly sources: ReadonlyMap<string, SourceNode>
  readonly sinks: ReadonlyMap<string, SinkNode>
  readonly stateful: ReadonlyMap<string, StatefulStep>
}

export interface StatefulStep {
  // biome-ignore lint/suspicious/noExplicitAny: record types are checked where the pipeline is written
  readonly operator: StatefulOperator<any, any>
  readonly scope: StateScope
  /** Operator id of the source that it stands below. */
  readonly source: string
}

export function takeInventory(graph: JobGraph): Inventory {
  const sources = new Map<string, SourceNode>()
  const sinks = new Map<string, SinkNode>()
  const stateful = new Map<string, StatefulStep>()
  const visit = (node: DownstreamNode, source: string): void => {
    if (node.kind === 'sink') {
      sinks.set(node.id, node)
      return
    }
    if (node.stateful) {
      // biome-ignore lint/suspicious/noExplicitAny: as above
      const operator = node.operator as StatefulOperator<any, any>
      stateful.set(operator.id, { operator, scope: node.scope, source })
    }
    for (const below of node.downstream) visit(below, source)
  }
  for (const source of graph.sources) {
    sources.set(source.id, source)
    for (const below of source.downstream) visit(below, source.id)
  }
  return { sources, sinks, stateful }
}

/** As `_metadata` records them. */
export function operatorRecords({ sources, sinks, stateful }: Inventory): OperatorRecord[] {
  return [
    ...[...sources.keys()].map((id) => ({ id, role: 'source' as const, stateVersion: 1 })),
    ...[...stateful.values()].map(({ operator: { id, version } }) => ({
      id,
      role: 'stateful' as const,
      stateVersion: version,
    })),
    ...[...sinks.keys()].map((id) => ({ id, role: 'sink' as const, stateVersion: 1 })),
  ]
}

/** A job promises what the weakest of its sinks promises; positions and state are exact in any case. */
export function guaranteeOf({ sinks }: Inventory): DeployResult['guarantee'] {
  return [...sinks.values()].some(({ sink }) => sink.guarantee === 'at-least-once') ? 'at-least-once' : 'exactly-once'
}
