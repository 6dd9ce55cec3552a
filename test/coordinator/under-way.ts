import type { Command } from '../../src/coordinator/commands.js'
import type { CoordinatorState, Phase } from '../../src/coordinator/state.js'
import type { World } from './world.js'

/** Nobody waits for nothing: in each phase something that is under way leads on. */
export function isUnderWay(world: World, state: CoordinatorState): boolean {
  const under = (...types: Command['type'][]) =>
    world.shell.inFlight.some((effect) => types.includes(effect.command.type))
  const answers: Record<Phase, () => boolean> = {
    opening: () => under('open'),
    observing: () => under('observe'),
    claiming: () => under('claim'),
    resolving: () => under('resolveRestorePoint'),
    deploying: () => under('deploy'),
    adopting: () => under('adopt'),
    running: () =>
      under('watch', 'snapshot', 'publish', 'abort', 'commit') ||
      (state.exhausted && world.shell.timers.has('interval')),
    draining: () => under('publish', 'abort', 'commit', 'stopTasks', 'finishOutput'),
    backoff: () => world.shell.timers.has('backoff'),
    closing: () => under('close'),
    cleaning: () => under('cleanUp'),
    ended: () => true,
  }
  return answers[state.phase]()
}
