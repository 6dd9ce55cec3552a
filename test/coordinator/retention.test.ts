import { expect, test } from 'vitest'
import type { Ending } from '../../src/checkpoint/entry.js'
import type { Command } from '../../src/coordinator/commands.js'
import type { CancelMode } from '../../src/coordinator/state.js'
import { retentionPolicies } from '../../src/spec/checkpointing-spec.js'
import { keeps } from './retention-twin.js'
import { toRunning, work } from './steps.js'
import { World } from './world.js'

const endings: readonly Ending[] = ['FINISHED', 'CANCELED', 'FAILED']
const modes: readonly (CancelMode | undefined)[] = ['RETAIN', 'DELETE', undefined]

const cells = retentionPolicies.flatMap((policy) =>
  endings.flatMap((ending) =>
    modes.flatMap((mode) =>
      [true, false].flatMap((allowDelete) =>
        // A job has finished only once its output is committed.
        (ending === 'FINISHED' ? [true] : [true, false]).map((committed) => ({
          policy,
          ending,
          mode,
          allowDelete,
          committed,
        })),
      ),
    ),
  ),
)

test.each(cells)(
  '$policy, $ending, cancel says $mode, delete allowed $allowDelete, output committed $committed',
  (cell) => {
    const { policy, ending, mode, allowDelete, committed } = cell
    const world = new World({
      checkpointing: { interval: 0, retention: policy, numRetained: 2 },
      restartStrategy: { type: 'none' },
      settings: { allowDeleteOnCancel: allowDelete },
    })
    toRunning(world)
    for (let checkpoint = 0; checkpoint < 3; checkpoint++) {
      world.deliver({ type: 'triggerRequested' })
      toRunning(world)
    }
    const { alive } = world.shell.state
    expect(alive).toEqual([3, 4])
    // A cancel that comes too late has no effect on another ending, whatever it says.
    bring(world, ending, mode, committed)
    if (mode !== undefined && ending !== 'CANCELED') world.deliver({ type: 'cancelRequested', by: 'message', mode })

    const all = committed ? alive : [4, 5]
    const intended = keeps(policy, ending, mode, allowDelete) ? all : []
    const kept = committed ? intended : [...new Set([...intended, 5])].sort()
    const close = closeOf(world)
    expect(close.plan.alive).toEqual(kept)
    expect(close.plan.intendedAlive).toEqual(kept.length === intended.length ? undefined : intended)
    work(world, 2)
    expect(world.shell.end).toMatchObject({ ending, kept })
    expect(world.said).toContainEqual({ type: 'cleanUp', deleteAll: kept.length === 0 })
  },
)

/** Brings the job to where it closes its log; with output uncommitted, one more checkpoint of which no sink got word. */
function bring(world: World, ending: Ending, mode: CancelMode | undefined, committed: boolean): void {
  if (ending === 'FINISHED') {
    world.answer(0, 'works')
    work(world, 3)
  } else if (ending === 'CANCELED' || !committed) {
    if (!committed) {
      world.deliver({ type: 'triggerRequested' })
      work(world, 2)
    }
    if (ending === 'CANCELED') world.deliver({ type: 'cancelRequested', by: 'message', ...(mode && { mode }) })
  } else {
    world.answer(0, 'fails')
  }
  while (world.shell.state.phase !== 'closing') {
    const { inFlight } = world.shell
    const index = inFlight.findIndex(({ command }) => command.type !== 'watch' && command.type !== 'discard')
    const type = inFlight[index]?.command.type
    world.answer(index, !committed && (type === 'commit' || type === 'finishOutput') ? 'fails' : 'works')
  }
}

function closeOf(world: World): Command & { type: 'close' } {
  const close = world.said.findLast((command) => command.type === 'close')
  if (!close) throw new Error('The log was not closed.')
  return close
}
