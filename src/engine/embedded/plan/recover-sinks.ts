import { messageOf, TidemarkError } from '../../../errors.js'
import type { RecoveryReport } from '../../../pipeline/sink.js'
import { isOurs } from '../../../threads/wire-error.js'
import type { DeployRequest } from '../../engine.js'
import { resolveOutputDirectory } from '../output-directory.js'
import { confirmOwner } from './confirm-owner.js'
import type { Inventory } from './inventory.js'
import type { RestoreMatch } from './match-restore.js'

/**
 * Every sink finishes the commits that the restored snapshot carries for it and sweeps its output by ancestry. Safe to interrupt and to repeat.
 */
export async function recoverSinks(
  { sinks }: Inventory,
  deploy: DeployRequest,
  restored: RestoreMatch | undefined,
): Promise<RecoveryReport> {
  const total = { finishedCommits: 0, superseded: 0, broughtBack: 0 }
  for (const [id, { sink }] of sinks) {
    const { job, execution, claim, attempt } = deploy
    const { ancestry, closedExecutions } = deploy.output
    const commits = restored?.commits.get(id) ?? []
    const resolveDirectory = (path: string) => resolveOutputDirectory(path, deploy.allowedDirs)
    const confirm = () => confirmOwner(deploy)
    const identity = { job, execution, claim, attempt, id }
    const context = { ...identity, ancestry, closedExecutions, commits, resolveDirectory, confirm }
    try {
      const report = await sink.recover?.(context)
      total.finishedCommits += report?.finishedCommits ?? 0
      total.superseded += report?.superseded ?? 0
      total.broughtBack += report?.broughtBack ?? 0
    } catch (error) {
      if (isOurs(error)) throw error
      throw new TidemarkError(
        'TaskFailed',
        `Sink '${id}' (${sink.name}) cannot recover its output: ${messageOf(error)}`,
        {
          cause: error,
        },
      )
    }
  }
  return total
}
