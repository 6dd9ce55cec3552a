import fc from 'fast-check'
import type { CancelMode } from '../../src/coordinator/state.js'
import { retentionPolicies } from '../../src/spec/checkpointing-spec.js'
import type { RestartStrategy } from '../../src/spec/job-spec.js'
import type { JobOptions } from './fixtures.js'
import type { Effect, World } from './world.js'
import { type How, landGhost, leaving, silence } from './world-answers.js'
import { intrude } from './world-log.js'

/** One thing that happens in a world. */
export type Step =
  | { readonly kind: 'answer'; readonly index: number; readonly how: How }
  | { readonly kind: 'work'; readonly times: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'timer' }
  | { readonly kind: 'cancel'; readonly by: 'message' | 'native'; readonly mode?: CancelMode; readonly waits: boolean }
  | { readonly kind: 'trigger'; readonly waits: boolean }
  | { readonly kind: 'nextRun'; readonly overdue: boolean }
  | { readonly kind: 'silence'; readonly dead: boolean }
  | { readonly kind: 'leaving' }
  | { readonly kind: 'ghost' }
  | { readonly kind: 'intruder'; readonly closes: boolean }
  | { readonly kind: 'bookmark' }
  | { readonly kind: 'reset' }

export function take(world: World, step: Step): void {
  const waits = (step.kind === 'cancel' || step.kind === 'trigger') && step.waits
  const id = waits && { id: `u${world.data.asked++}` }
  switch (step.kind) {
    case 'answer':
      world.answer(step.index, step.how)
      break
    case 'work':
      work(world, step.times)
      break
    case 'pass':
      world.advance(step.ms)
      break
    case 'timer':
      world.fireNext()
      break
    case 'cancel':
      world.deliver({ type: 'cancelRequested', by: step.by, ...(step.mode && { mode: step.mode }), ...id })
      break
    case 'trigger':
      world.deliver({ type: 'triggerRequested', ...id })
      break
    case 'nextRun':
      world.deliver({ type: step.overdue ? 'nextRunOverdue' : 'nextRunDue' })
      break
    case 'silence':
      silence(world, step.dead)
      break
    case 'leaving':
      leaving(world)
      break
    case 'ghost':
      landGhost(world)
      break
    case 'intruder':
      intrude(world.data.log, step.closes ? 'closed' : 'claim', `intruder-${world.data.messages}`)
      break
    case 'bookmark':
      world.bookmark()
      break
    case 'reset':
      world.reset()
      break
  }
}

/** Answers what is in flight as if all went well; tasks go on running, and housekeeping comes last. */
export function work(world: World, times = 1): void {
  for (let time = 0; time < times; time++) {
    const effects = unanswered(world)
    const effect = effects.find(({ command }) => command.type !== 'discard') ?? effects[0]
    if (!effect) return
    world.answerEffect(effect, 'works')
  }
}

/** From now on everything works, and the sources come to their end. */
export function calm(world: World): void {
  for (let round = 0; round < 500 && !world.shell.end; round++) {
    if (unanswered(world).length > 0) work(world)
    else if (world.shell.inFlight.length > 0) world.answer(0, 'works')
    else world.fireNext()
  }
}

/** Lets everything in flight work until records flow and nothing else is going on, if it ever comes to that. */
export function toRunning(world: World): void {
  for (let round = 0; round < 200 && !world.shell.end; round++) {
    if (unanswered(world).length > 0) work(world)
    else if (world.shell.state.phase === 'running') return
    else world.fireNext()
  }
}

/** What is in flight, without the watch over tasks that are to go on running. */
function unanswered(world: World): Effect[] {
  const { inFlight, state } = world.shell
  return inFlight.filter(({ command }) => command.type !== 'watch' || command.reference.attempt !== state.attempt)
}

const hows = fc.oneof(
  { weight: 5, arbitrary: fc.constant<How>('works') },
  { weight: 3, arbitrary: fc.constantFrom<How>('fails', 'lost', 'late') },
)
const cancels = fc.record({
  kind: fc.constant('cancel' as const),
  by: fc.constantFrom('message' as const, 'native' as const),
  said: fc.constantFrom<CancelMode | undefined>('RETAIN', 'DELETE', undefined),
  waits: fc.boolean(),
})

/** What may happen while nobody wants the job to end. */
export const peacefulSteps: readonly fc.WeightedArbitrary<Step>[] = [
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('work' as const), times: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('answer' as const), index: fc.nat(5), how: hows }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 12_000 }) }) },
  { weight: 5, arbitrary: fc.constant({ kind: 'timer' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('trigger' as const), waits: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'leaving' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('silence' as const), dead: fc.boolean() }) },
]

/** What may happen to one run, whoever else there is. */
export const ownSteps: readonly fc.WeightedArbitrary<Step>[] = [
  ...peacefulSteps,
  {
    weight: 1,
    arbitrary: cancels.map(({ said, by, ...rest }) => {
      return { ...rest, by, ...(by === 'message' && said && { mode: said }) }
    }),
  },
]

/** And what others do, and what becomes of runs. */
export const allSteps: readonly fc.WeightedArbitrary<Step>[] = [
  ...ownSteps,
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('nextRun' as const), overdue: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'ghost' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('intruder' as const),
      closes: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'bookmark' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'reset' as const }) },
]

export function steps(kinds: readonly fc.WeightedArbitrary<Step>[], maxLength = 60): fc.Arbitrary<Step[]> {
  return fc.array(fc.oneof(...kinds), { minLength: 1, maxLength, size: 'max' })
}

const strategies: readonly RestartStrategy[] = [
  { type: 'none' },
  { type: 'fixed-delay', attempts: 2, delay: 500 },
  { type: 'fixed-delay', attempts: 100, delay: 0 },
]

export const jobs: fc.Arbitrary<JobOptions> = fc.record({
  checkpointing: fc.record({
    interval: fc.constantFrom(0, 10, 1_000, 10_000),
    minPause: fc.constantFrom(0, 500, 20_000),
    retention: fc.constantFrom(...retentionPolicies),
    numRetained: fc.integer({ min: 1, max: 3 }),
    tolerableFailedCheckpoints: fc.integer({ min: 0, max: 2 }),
  }),
  restartStrategy: fc.constantFrom(...strategies),
  hosts: fc.constantFrom(1, 2),
  settings: fc.record({ allowDeleteOnCancel: fc.boolean(), cancelTimeoutMs: fc.constantFrom(1_000, 60_000) }),
})
