import { TidemarkError } from '../../../errors.js'
import type { DeployRequest } from '../../engine.js'
import type { SourceAssignment, StateAssignment } from '../messages.js'
import type { Inventory } from './inventory.js'

/**
 * Which task takes which restored state: pure, one list a task. A split's state goes where its split goes; that of the whole job to the one
 * task that there is.
 * @param sources one list a source, of one assignment a task
 * @throws RestoreFailed for the state of a split that nobody reads
 */
export function placeState(
  state: readonly StateAssignment[],
  { stateful }: Pick<Inventory, 'stateful'>,
  sources: readonly (readonly SourceAssignment[])[],
  { parallelism, allowNonRestoredState }: Pick<DeployRequest, 'parallelism' | 'allowNonRestoredState'>,
): StateAssignment[][] {
  const tasks: StateAssignment[][] = Array.from({ length: parallelism }, () => [])
  for (const assignment of state) {
    const { operator, scope } = assignment
    const source = stateful.get(operator)?.source
    const task =
      scope.kind === 'job'
        ? 0
        : taskOfSplit(
            scope.split,
            sources.find(([one]) => one?.source === source),
          )
    if (task >= 0) tasks[task]?.push(assignment)
    else if (!allowNonRestoredState && scope.kind === 'split') {
      throw new TidemarkError(
        'RestoreFailed',
        `The checkpoint holds the state of operator '${operator}' for ${scope.split}, which source '${source}' does not read; ` +
          'give the operator its old source back, or set restore.allowNonRestoredState to go on without it.',
      )
    }
  }
  return tasks
}

function taskOfSplit(split: string, tasks: readonly SourceAssignment[] = []): number {
  return tasks.findIndex(({ splits }) => splits.some((one) => one.split === split))
}
