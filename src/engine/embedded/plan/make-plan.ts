import { openSnapshot } from '../../../checkpoint-store/index.js'
import { messageOf, TidemarkError } from '../../../errors.js'
import type { SourceNode } from '../../../pipeline/graph.js'
import type { DeployRequest } from '../../engine.js'
import type { Plan, PlanRequest, SourceAssignment } from '../messages.js'
import { isOurs } from '../wire-error.js'
import { assignSplits, hasEnded } from './assign-splits.js'
import { guaranteeOf, type Inventory, operatorRecords, takeInventory } from './inventory.js'
import { loadDefinition } from './load-definition.js'
import { matchRestore, type RestoreMatch } from './match-restore.js'
import { placeState } from './place-state.js'
import { recoverSinks } from './recover-sinks.js'

/**
 * Everything that is decided once for all tasks of an attempt, in this order: definition and arguments, restore point, splits, and
 * last the sinks' output, which is the only step that changes anything. It can be interrupted and repeated at any point.
 */
export async function makePlan({ file, deploy }: PlanRequest): Promise<Plan> {
  const { job, build } = await loadDefinition(file, deploy.definition)
  const inventory = takeInventory(job.build(job.parseArgs(deploy.args)))
  checkParallelism(inventory, deploy.parallelism)
  const restored = await readRestore(inventory, deploy)
  const sources = await Promise.all([...inventory.sources.values()].map((node) => assign(node, deploy, restored)))
  const state = placeState(restored?.state ?? [], inventory, sources, deploy)
  const sweep = await recoverSinks(inventory, deploy, restored)

  const definition = { name: job.name, version: job.version, build }
  const records = recordsOf(restored, deploy.parallelism)
  return {
    definition,
    operators: operatorRecords(inventory),
    guarantee: guaranteeOf(inventory),
    sweep,
    restoredRecords: records.reduce((sum, count) => sum + count, 0),
    tasks: records.map((count, task) => ({
      task,
      file,
      deploy,
      definition,
      sources: sources.flatMap((tasks) => tasks[task] ?? []),
      state: state[task] ?? [],
      ...(deploy.restore !== undefined && { restore: deploy.restore }),
      records: count,
    })),
  }
}

/** The part of a plan that is about output alone: neither the input nor the parallelism is looked at. */
export async function recoverOutput({ file, deploy }: PlanRequest): Promise<Plan['sweep']> {
  const { job } = await loadDefinition(file, deploy.definition)
  const inventory = takeInventory(job.build(job.parseArgs(deploy.args)))
  return recoverSinks(inventory, deploy, await readRestore(inventory, deploy))
}

/** Where keyed state has the scope of the job, every record must reach the one task that holds it. */
function checkParallelism({ stateful }: Inventory, parallelism: number): void {
  const whole = [...stateful.values()].find(({ scope }) => scope === 'job')
  if (whole === undefined || parallelism === 1) return
  throw new TidemarkError(
    'InvalidJobSpec',
    `Operator '${whole.operator.id}' keeps state by key for the whole job, which therefore cannot run with parallelism ${parallelism}: records of ` +
      `one key could reach several tasks. Set parallelism to 1; or, where no key is in two splits of source '${whole.source}', declare that with ` +
      'partitionedBy and give keyBy the same; or divide the input by key into several jobs.',
    { path: 'parallelism' },
  )
}

async function readRestore(inventory: Inventory, deploy: DeployRequest): Promise<RestoreMatch | undefined> {
  if (deploy.restore === undefined) return undefined
  const { entry } = await openSnapshot(deploy.restore)
  return matchRestore(entry, inventory, deploy)
}

async function assign(
  { id, source }: SourceNode,
  { parallelism }: DeployRequest,
  restored: RestoreMatch | undefined,
): Promise<SourceAssignment[]> {
  const before = restored?.splits.get(id)
  let listed: readonly string[]
  try {
    listed = hasEnded(source.bounded, before?.flat() ?? []) ? [] : await source.splits()
  } catch (error) {
    if (isOurs(error)) throw error
    throw new TidemarkError(
      'TaskFailed',
      `Source '${id}' (${source.name}) cannot list its splits: ${messageOf(error)}`,
      {
        cause: error,
      },
    )
  }
  return assignSplits({ source: id, bounded: source.bounded, parallelism, listed, ...(before && { restored: before }) })
}

/** Each task goes on counting where it was; where the parallelism changed, the first one takes the sum. */
function recordsOf(restored: RestoreMatch | undefined, parallelism: number): number[] {
  const before = restored?.records ?? []
  if (before.length === parallelism) return [...before]
  const sum = before.reduce((total, count) => total + count, 0)
  return Array.from({ length: parallelism }, (_, task) => (task === 0 ? sum : 0))
}
