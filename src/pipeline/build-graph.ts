import { operatorIdPattern } from '../checkpoint/paths.js'
import { TidemarkError } from '../errors.js'
import type { DownstreamNode, JobGraph, OperatorNode, SinkNode, SourceNode, StateScope } from './graph.js'
import type { StatefulOperator } from './operator.js'
import { type OperatorStep, Pipeline, type PlanStep, type SourceStep } from './plan.js'

/**
 * Turns the way from each sink back to its source into a tree below each source, and checks what a snapshot relies on:
 * everything that has state, a position or commits has an id of its own.
 */
export function buildGraph(job: string, returned: unknown): JobGraph {
  const pipelines = Array.isArray(returned) ? returned : [returned]
  if (pipelines.length === 0) throw fault(job, 'it has no pipeline: end at least one stream with .to(sink)')
  const tree = new Tree()
  const seen = new Set<Pipeline>()
  for (const pipeline of pipelines) {
    if (!(pipeline instanceof Pipeline)) {
      throw fault(job, 'its pipeline must return what .to(sink) gives: end every stream with .to(sink)')
    }
    if (seen.has(pipeline)) throw fault(job, `it returns one and the same pipeline to ${pipeline.sink.name} twice`)
    seen.add(pipeline)
    tree.add(pipeline)
  }
  return tree.check(job)
}

interface Growing<N> {
  readonly node: N
  readonly downstream: DownstreamNode[]
}

class Tree {
  readonly #sources = new Map<SourceStep, Growing<SourceNode>>()
  readonly #operators = new Map<OperatorStep, Growing<OperatorNode>>()
  readonly #sinks: Pipeline[] = []

  add(pipeline: Pipeline): void {
    this.#sinks.push(pipeline)
    const node: SinkNode = { kind: 'sink', id: pipeline.id ?? 'sink', sink: pipeline.sink }
    this.#below(pipeline.upstream).push(node)
  }

  /** The list of what follows a step; makes the step's node, and those above it, where they are not there yet. */
  #below(step: PlanStep): DownstreamNode[] {
    if (step.kind === 'source') {
      const known = this.#sources.get(step)
      if (known !== undefined) return known.downstream
      const downstream: DownstreamNode[] = []
      const node: SourceNode = { kind: 'source', id: step.id ?? 'source', source: step.source, downstream }
      this.#sources.set(step, { node, downstream })
      return downstream
    }
    const known = this.#operators.get(step)
    if (known !== undefined) return known.downstream
    const downstream: DownstreamNode[] = []
    const { operator } = step
    const node: OperatorNode = {
      kind: 'operator',
      operator,
      stateful: isStateful(operator),
      scope: scopeOf(step),
      downstream,
    }
    this.#operators.set(step, { node, downstream })
    this.#below(step.upstream).push(node)
    return downstream
  }

  check(job: string): JobGraph {
    this.#checkThatSeveralAreNamed(job)
    this.#checkIds(job)
    this.#checkVersions(job)
    this.#checkPromises(job)
    return { sources: [...this.#sources.values()].map(({ node }) => node) }
  }

  /** A default id would move from one node to another as soon as the pipeline changes. */
  #checkThatSeveralAreNamed(job: string): void {
    for (const step of this.#sources.size > 1 ? this.#sources.keys() : []) {
      if (step.id !== undefined) continue
      throw fault(job, `its source ${step.source.name} needs an id, because the job has several: give it { id: '...' }`)
    }
    for (const { id, sink } of this.#sinks.length > 1 ? this.#sinks : []) {
      if (id !== undefined) continue
      throw fault(
        job,
        `its sink ${sink.name} needs an id, because the job has several: .to(${sink.name}, { id: '...' })`,
      )
    }
  }

  #checkIds(job: string): void {
    const owners = new Map<string, string>()
    for (const [id, owner] of this.#ids()) {
      if (typeof id !== 'string' || !operatorIdPattern.test(id)) {
        const allowed = `1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit`
        throw fault(job, `${owner} needs an id of ${allowed}, not ${JSON.stringify(id)}`)
      }
      const other = owners.get(id)
      if (other !== undefined) throw fault(job, `${other} and ${owner} have the same id '${id}': an id must be unique`)
      owners.set(id, owner)
    }
  }

  #checkVersions(job: string): void {
    for (const { name, version } of this.#stateful()) {
      if (Number.isSafeInteger(version) && version >= 1) continue
      const found = JSON.stringify(version)
      throw fault(job, `${name} needs the version of its state, a whole number from 1, not ${found}`)
    }
  }

  /** A promise that nothing builds on was meant for a `keyBy` that does not get its use, as would be found out when the job has outgrown a task. */
  #checkPromises(job: string): void {
    const used = new Set(
      [...this.#operators].filter(([, { node }]) => node.scope === 'split').map(([step]) => sourceOf(step)),
    )
    for (const step of this.#sources.keys()) {
      if (step.partitionedBy === undefined || used.has(step)) continue
      throw fault(
        job,
        `its source ${step.source.name} is partitionedBy a key that no keyBy below uses: give both the same field's name, or the very same function, with nothing but filter between`,
      )
    }
  }

  *#ids(): Iterable<readonly [unknown, string]> {
    for (const { node } of this.#sources.values()) yield [node.id, `its source ${node.source.name}`]
    for (const operator of this.#stateful()) yield [operator.id, operator.name]
    for (const pipeline of this.#sinks) yield [pipeline.id ?? 'sink', `its sink ${pipeline.sink.name}`]
  }

  *#stateful(): Iterable<StatefulOperator<unknown, unknown>> {
    for (const { node } of this.#operators.values()) {
      if (isStateful(node.operator)) yield node.operator
    }
  }
}

/** State is a split's own where its key is what the source promises about its own records, which must arrive as they were read. */
function scopeOf({ keyedBy, upstream }: OperatorStep): StateScope {
  let step = upstream
  while (step.kind === 'operator' && step.passesRecordsOn) step = step.upstream
  return keyedBy !== undefined && step.kind === 'source' && step.partitionedBy === keyedBy ? 'split' : 'job'
}

function sourceOf(step: PlanStep): SourceStep {
  return step.kind === 'source' ? step : sourceOf(step.upstream)
}

/** Declares an id or a version, or should: what keeps one of the two has state. */
function isStateful(operator: object): operator is StatefulOperator<unknown, unknown> {
  return 'id' in operator || 'version' in operator
}

function fault(job: string, what: string): TidemarkError {
  return new TidemarkError('DefinitionError', `Definition '${job}' cannot run: ${what}.`, { path: job })
}
