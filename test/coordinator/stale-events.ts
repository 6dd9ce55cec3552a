import { decide } from '../../src/coordinator/decide.js'
import type { EventBody } from '../../src/coordinator/events.js'
import type { CoordinatorState, Phase } from '../../src/coordinator/state.js'
import { at, deployedOnEach, execution, openedWith, takenOf } from './fixtures.js'
import { hold } from './hold.js'

const failure = { code: 'TaskFailed', message: 'late' }

/** Events that name an attempt, a number or a claim that is over, or that answer what this phase has not asked. */
function staleEvents(state: CoordinatorState): EventBody[] {
  const { phase, pending, attempt } = state
  const claim = (state.claim?.number ?? 0) - 1
  const not = (expected: Phase, ...events: EventBody[]) => (phase === expected ? [] : events)
  const ofAttempt = (number: number): EventBody[] => [
    { type: 'attemptEnded', attempt: number, outcome: { kind: 'exhausted' } },
    { type: 'attemptEnded', attempt: number, outcome: { kind: 'failed', error: 'late' } },
    { type: 'hostLost', attempt: number, failure },
    { type: 'hostLeaving', attempt: number, host: 'host-late' },
    ...(state.hosts ?? []).map((host) => ({ type: 'hostLeaving', attempt: number, host }) as const),
    { type: 'hostLost', attempt: number, failure, where: { host: 'host-late', execution } },
    { type: 'hostLost', attempt: number, failure, where: { host: state.hosts?.[0] ?? '', execution: 'e0' } },
  ]
  const ofDeployment = (number: number): EventBody[] => [
    { type: 'deployed', attempt: number, result: deployedOnEach(['host-late']) },
    { type: 'tasksPlaced', attempt: number, placed: 1 },
    { type: 'deployFailed', attempt: number, failure },
  ]
  const ofStage = (number: number, stage: string | undefined): EventBody[] => [
    ...(stage === 'snapshotting'
      ? []
      : [
          { type: 'snapshotTaken', number, result: takenOf(number) } as const,
          { type: 'snapshotFailed', number, failure } as const,
        ]),
    ...(stage === 'publishing' ? [] : [{ type: 'publicationUnknown', number, failure } as const]),
    ...(stage === 'publishing' || stage === 'aborting' ? [] : [{ type: 'published', number } as const]),
    ...(stage === 'aborting'
      ? []
      : [
          { type: 'aborted', number } as const,
          { type: 'publicationAdopted', number, result: takenOf(number) } as const,
        ]),
    ...(stage === 'committing'
      ? []
      : [{ type: 'committed', number } as const, { type: 'commitFailed', number, failure } as const]),
  ]
  const ofSnapshot = (held: number, snapshot: number): EventBody[] => [
    { type: 'fenced', claim: held, reason: 'late', snapshot },
    { type: 'runChanged', claim: held, snapshot },
  ]
  return [
    ...ofAttempt(attempt - 1),
    ...not('running', ...ofAttempt(attempt)),
    ...ofDeployment(attempt - 1),
    ...not('deploying', ...ofDeployment(attempt)),
    { type: 'stopped', attempt: attempt - 1 },
    ...(state.stopping ? [] : [{ type: 'stopped', attempt } as const]),
    ...ofStage((pending?.number ?? state.nextNumber) - 1, undefined),
    ...ofStage(pending?.number ?? state.nextNumber, pending?.stage),
    { type: 'fenced', claim, reason: 'late' },
    { type: 'runChanged', claim },
    ...(state.claim === undefined
      ? []
      : ofSnapshot(
          state.claim.number,
          (pending?.number ?? state.nextNumber) - (pending?.stage === 'snapshotting' ? 1 : 0),
        )),
    ...not('opening', { type: 'opened', opened: openedWith({}) }, { type: 'openFailed', failure }),
    ...not('observing', { type: 'observed' }),
    ...not('claiming', { type: 'claimed', number: state.nextNumber, run: 'late' }, { type: 'claimTaken' }),
    ...(phase === 'observing' || phase === 'claiming' ? [] : [{ type: 'claimFailed', failure } as const]),
    ...not('resolving', { type: 'restorePointResolved' }, { type: 'resolveFailed', failure }),
    ...not('adopting', { type: 'adopted' }, { type: 'adoptionFailed', failure }),
    ...(state.output === 'finishing' && phase === 'draining'
      ? []
      : [{ type: 'outputFinished', through: 1e6 } as const, { type: 'outputUnfinished', failure } as const]),
    ...not('closing', { type: 'closed' }, { type: 'closeFailed', failure }),
    ...not('cleaning', { type: 'cleaned' }, { type: 'cleanupFailed', failure }),
    ...not('backoff', { type: 'timerFired', timer: 'backoff' }),
    ...not('running', { type: 'timerFired', timer: 'interval' }),
    ...(state.ending && phase !== 'ended' ? [] : [{ type: 'timerFired', timer: 'cancel-deadline' } as const]),
  ]
}

/** An event that no longer matters changes nothing but the time. */
export function expectStaleEventsIgnored(state: CoordinatorState): void {
  const now = state.now + 1
  for (const stale of staleEvents(state)) {
    const decision = decide(state, at(now, stale))
    const after = decision.state as unknown as Record<string, unknown>
    const before = state as unknown as Record<string, unknown>
    const changed = Object.keys({ ...before, ...after }).filter((key) => key !== 'now' && after[key] !== before[key])
    const isIgnored = decision.commands.length === 0 && changed.length === 0 && decision.state.now === now
    hold(isIgnored, () => `${JSON.stringify(stale)} in ${state.phase}: ${changed} ${JSON.stringify(decision.commands)}`)
  }
}
