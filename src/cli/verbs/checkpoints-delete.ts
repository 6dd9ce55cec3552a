import { Command, Option } from 'commander'
import type { DeletionPlan, DeletionRequest, Roots } from '../../checkpoint-store/index.js'
import { confirm } from '../confirm.js'
import type { Context } from '../context.js'
import { exitCodes } from '../exit-codes.js'
import { formatBytes, listCheckpoints, plural } from '../render/text.js'
import { UsageError } from '../usage-error.js'
import { auditContext } from '../who.js'

interface DeleteOptions {
  readonly job?: string
  readonly yes?: boolean
  readonly abandonOutput?: boolean
}

interface Target {
  readonly roots: Roots
  readonly request: DeletionRequest
}

export function checkpointsDeleteCommand(context: Context): Command {
  return new Command('delete')
    .description('delete checkpoints of a job that has ended')
    .argument('[paths...]', "checkpoints' paths")
    .addOption(new Option('--job <job>', 'all checkpoints of all executions of a job'))
    .option('-y, --yes', 'do not ask')
    .option('--abandon-output', 'also where output is prepared that nothing else can make visible: it is lost')
    .action((paths: readonly string[], options: DeleteOptions) => deleteCheckpoints(context, paths, options))
}

async function deleteCheckpoints(context: Context, paths: readonly string[], options: DeleteOptions): Promise<void> {
  if ((paths.length === 0) === (options.job === undefined)) {
    throw new UsageError('Say which: paths of checkpoints, or --job JOB for all of a job.')
  }
  const { deleteSnapshots, planDeletion } = await import('../../checkpoint-store/index.js')
  const { terminal } = context
  const targets = await findTargets(context, paths, options)
  // Whatever speaks against one of them speaks up before any goes.
  const plans: DeletionPlan[] = []
  for (const { roots, request } of targets) plans.push(await planDeletion(roots, request))
  const count = plans.reduce((sum, { numbers }) => sum + numbers.length, 0)
  if (count === 0) return terminal.print('There is no checkpoint to delete.')
  const lines = plans.filter(({ numbers }) => numbers.length > 0).map(renderPlan)
  if (!options.yes) {
    terminal.warn(...lines)
    if (!(await confirm(terminal, `Delete ${plural(count, 'checkpoint')}?`))) {
      context.setExitCode(exitCodes.failed)
      return terminal.warn('tidemark: Nothing was deleted.')
    }
  }
  const audit = auditContext()
  let bytes = 0
  for (const [index, { roots, request }] of targets.entries()) {
    const removed = await deleteSnapshots(roots, request, { ...audit, nonce: `${audit.nonce}-${index}` })
    bytes += removed.bytes
  }
  terminal.print(...lines, `Deleted ${plural(count, 'checkpoint')}, ${formatBytes(bytes)}.`)
}

/** One request for each execution. */
async function findTargets(context: Context, paths: readonly string[], options: DeleteOptions): Promise<Target[]> {
  const { listExecutions, locateSnapshot } = await import('../../checkpoint-store/index.js')
  const configured = await context.roots()
  const abandonOutput = options.abandonOutput ?? false
  if (options.job !== undefined) {
    const { placeOfJob } = await import('../find-checkpoints.js')
    const { roots } = await placeOfJob(configured, options.job)
    const views = (await listExecutions(roots, options.job)).filter(({ state }) => state !== 'deleted')
    return views.map(({ record: { job, execution } }) => ({ roots, request: { job, execution, abandonOutput } }))
  }
  const targets = new Map<string, Target & { readonly request: { readonly numbers: number[] } }>()
  for (const path of paths) {
    const { roots, reference } = locateSnapshot(configured, path)
    const { job, execution, number } = reference
    const key = `${roots.metadata.uri} ${job} ${execution}`
    const target = targets.get(key) ?? { roots, request: { job, execution, abandonOutput, numbers: [] } }
    if (!target.request.numbers.includes(number)) target.request.numbers.push(number)
    targets.set(key, target)
  }
  return [...targets.values()]
}

function renderPlan({ uri, numbers, kept }: DeletionPlan): string {
  const stays = kept.length === 0 ? 'nothing stays' : `${listCheckpoints(kept)} stays`
  return `${listCheckpoints(numbers)} in ${uri}; ${stays}`
}
