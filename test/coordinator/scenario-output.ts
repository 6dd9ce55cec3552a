import type { Command, EntryPlan } from '../../src/coordinator/commands.js'
import { jobState } from '../../src/coordinator/job-state.js'
import type { CoordinatorState } from '../../src/coordinator/state.js'
import { describeActivity } from '../../src/coordinator/view.js'
import { formatDuration } from '../../src/spec/duration.js'

/** A command as a line of a scenario: what a reader of the story wants to know, not every field. */
export function renderCommand(command: Command): string {
  switch (command.type) {
    case 'open':
    case 'observe':
    case 'resolveRestorePoint':
    case 'cancelDeployment':
    case 'cancelWatch':
      return command.type
    case 'claim':
      return `claim ${renderPlan(command.plan)}`
    case 'deploy': {
      const { reference, restore } = command
      const from = restore ? ` from chk-${restore.number} of ${restore.execution}` : ''
      return `deploy attempt ${reference.attempt} under claim ${reference.claim}${from}`
    }
    case 'adopt':
      return `adopt attempt ${command.reference.attempt} on ${list(command.hosts)} from claim ${command.previousClaim}`
    case 'watch':
      return `watch attempt ${command.reference.attempt} on ${list(command.hosts)}`
    case 'snapshot':
      return `snapshot ${command.plan.number} on ${list(command.hosts)}, ${command.base === undefined ? 'full' : `base ${command.base}`}`
    case 'publish':
      return `publish ${renderPlan(command.plan)} within ${formatDuration(command.timeoutMs)}${command.plan.final ? ', final' : ''}`
    case 'abort':
      return `abort ${renderPlan(command.plan)}: ${command.reason}`
    case 'commit':
      return `commit ${command.number} on ${list(command.hosts)}`
    case 'discard':
      return command.releasePin ? 'discard, release pin' : 'discard'
    case 'finishOutput':
      return 'finishOutput'
    case 'stopTasks':
      return `stopTasks attempt ${command.reference.attempt} on ${list(command.hosts)}`
    case 'close': {
      const { ending, reason, intendedAlive } = command.plan
      const intended = intendedAlive ? `, meant [${intendedAlive}]` : ''
      return `close ${renderPlan(command.plan)}${intended} as ${ending}: ${reason}`
    }
    case 'cleanUp':
      return command.deleteAll ? 'cleanUp, delete all' : 'cleanUp'
    case 'startTimer':
      return `startTimer ${command.timer} ${formatDuration(command.ms)}: ${command.summary}`
    case 'cancelTimer':
      return `cancelTimer ${command.timer}`
    case 'settleTrigger':
    case 'settleCancel':
      return `${command.type} ${command.ids}: ${Object.values(command.outcome).map(renderValue).join(', ')}`
    case 'end': {
      const { ending, kept, failure, note } = command.outcome
      const why = failure ? ` ${failure.code}: ${failure.message}` : ''
      return `end ${ending}, kept [${kept}]${why}${note === undefined ? '' : ` (${note})`}`
    }
  }
}

function list(hosts: readonly string[]): string {
  return hosts.join(' and ')
}

function renderPlan(plan: Omit<EntryPlan, 'claim'>): string {
  return `${plan.number} alive [${plan.alive}] committed ${plan.committedThrough}`
}

function renderValue(value: unknown): string {
  return Array.isArray(value) ? `[${value}]` : String(value)
}

export function renderState(state: CoordinatorState): string {
  return `${jobState(state)} (${state.phase}): ${describeActivity(state)}`
}
