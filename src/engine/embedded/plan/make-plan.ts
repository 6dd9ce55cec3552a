import { openSnapshot, verifySnapshot } from '../../../checkpoint-store/index.js'
import { messageOf, TidemarkError } from '../../../errors.js'
import type { SourceNode } from '../../../pipeline/graph.js'
import { isOurs } from '../../../threads/wire-error.js'
import type { DeployRequest } from '../../engine.js'
import type { SplitList } from '../../split-list.js'
import type { Plan, PlanRequest, Preparation, Sweep } from '../messages.js'
import { assignSplits, hasEnded } from './assign-splits.js'
import { guaranteeOf, type Inventory, operatorRecords, takeInventory } from './inventory.js'
import { loadDefinition } from './load-definition.js'
import { matchRestore, type RestoreMatch } from './match-restore.js'
import { placeState } from './place-state.js'
import { recoverSinks } from './recover-sinks.js'

/** Everything that is decided once for all tasks of an attempt, in this order: definition and arguments, restore point, splits. It changes nothing. */
export async function makePlan(request: PlanRequest): Promise<Plan> {
  const { file, deploy } = request
  const { job, build, inventory, restored, sources, state } = await makeOutline(request)
  const definition = { name: job.name, version: job.version, build }
  const records = recordsOf(restored, deploy.parallelism)
  const { first, count } = deploy.share ?? { first: 0, count: deploy.parallelism }
  return {
    definition,
    operators: operatorRecords(inventory),
    guarantee: guaranteeOf(inventory),
    restoredRecords: records.reduce((sum, count) => sum + count, 0),
    tasks: records.slice(first, first + count).map((records, index) => ({
      task: first + index,
      file,
      deploy,
      definition,
      sources: sources.flatMap((tasks) => tasks[first + index] ?? []),
      state: state[first + index] ?? [],
      ...(deploy.restore !== undefined && { restore: deploy.restore }),
      records,
    })),
  }
}

/**
 * The same without the tasks, which other hosts may run: each of them makes its plan from the splits that are listed here. The sinks' output is recovered
 * before any of them loads state, so what a new execution begins with is read and checked first.
 */
export async function prepare(request: PlanRequest): Promise<Preparation> {
  const { build, inventory, restored, listed } = await makeOutline(request)
  await checkState(request.deploy)
  const sweep = await recoverSinks(inventory, request.deploy, restored)
  return { build, sources: [...listed].map(([source, splits]) => ({ source, splits })), sweep }
}

async function checkState({ restore, execution }: DeployRequest): Promise<void> {
  if (restore === undefined || restore.execution === execution) return
  const { problems } = await verifySnapshot(restore)
  if (problems.length > 0) throw new TidemarkError('CheckpointDamaged', problems.join(' '), { path: restore.uri })
}

/** All of it but the output. */
async function makeOutline({ file, deploy, listed }: PlanRequest) {
  const { job, build } = await loadDefinition(file, deploy.definition)
  const inventory = takeInventory(job.build(job.parseArgs(deploy.args)))
  checkParallelism(inventory, deploy.parallelism)
  const restored = await readRestore(inventory, deploy)
  const splits = listed === undefined ? await listSplits(inventory, restored) : splitsOf(listed, file, build)
  const { parallelism } = deploy
  const sources = [...inventory.sources.values()].map(({ id, source }) => {
    const before = restored?.splits.get(id)
    const facts = { source: id, bounded: source.bounded, parallelism, listed: splits.get(id) ?? [] }
    return assignSplits({ ...facts, ...(before && { restored: before }) })
  })
  const state = placeState(restored?.state ?? [], inventory, sources, deploy)
  return { job, build, inventory, restored, listed: splits, sources, state }
}

/** All hosts of an attempt run the same code. */
function splitsOf(listed: SplitList, file: string, build: string): Map<string, readonly string[]> {
  if (listed.build === build) return new Map(listed.sources.map(({ source, splits }) => [source, splits]))
  throw new TidemarkError(
    'TaskFailed',
    `The job file ${file} is not the one that the attempt's other hosts have: give all workers the same.`,
    { path: file },
  )
}

/** The part of a plan that is about output alone: neither the input nor the parallelism is looked at. */
export async function recoverOutput({ file, deploy }: PlanRequest): Promise<Sweep> {
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

/** By source, what there is to read now. */
async function listSplits(
  { sources }: Inventory,
  restored: RestoreMatch | undefined,
): Promise<Map<string, readonly string[]>> {
  const listed = [...sources.values()].map(async ({ id, source }) => {
    const before = restored?.splits.get(id)?.flat() ?? []
    return [id, hasEnded(source.bounded, before) ? [] : await list(id, source)] as const
  })
  return new Map(await Promise.all(listed))
}

async function list(id: string, source: SourceNode['source']): Promise<readonly string[]> {
  try {
    return await source.splits()
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
}

/** Each task goes on counting where it was; where the parallelism changed, the first one takes the sum. */
function recordsOf(restored: RestoreMatch | undefined, parallelism: number): number[] {
  const before = restored?.records ?? []
  if (before.length === parallelism) return [...before]
  const sum = before.reduce((total, count) => total + count, 0)
  return Array.from({ length: parallelism }, (_, task) => (task === 0 ? sum : 0))
}
