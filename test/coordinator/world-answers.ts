import type { Command } from '../../src/coordinator/commands.js'
import type { EventBody } from '../../src/coordinator/events.js'
import type { Failure } from '../../src/coordinator/failure.js'
import type { AttemptReference } from '../../src/engine/engine.js'
import { deployedOnEach, execution, job, openedWith, takenOf } from './fixtures.js'
import type { Effect, Tasks, World } from './world.js'
import { append, commitOutput, type EntryKind, entryOf, newestOf, observe } from './world-log.js'

/**
 * How a command turns out: it works; it fails; it is done but the answer says otherwise (or the host dies); it is done and the
 * answer is still to come.
 */
export type How = 'works' | 'fails' | 'lost' | 'late'

export type Reply = EventBody | 'later' | 'nothing'

/** Commands whose activity compares its own run with the claim's. */
const runChecked: readonly Command['type'][] = [
  ...(['publish', 'abort', 'close', 'cleanUp', 'discard', 'deploy', 'finishOutput', 'commit', 'snapshot'] as const),
]

const silent: Failure = { code: 'StorageUnavailable', message: 'The storage did not answer in time.' }
const gone: Failure = { code: 'TasksGone', message: 'The host does not have the tasks.' }
const hostLost: Failure = { code: 'HostLost', message: 'The host does not answer any more.' }
const taskFailed: Failure = { code: 'TaskFailed', message: 'map: cannot read a line.' }
const damaged: Failure = { code: 'CheckpointDamaged', message: 'It is damaged.' }

/** Carries a command out in the world, and says what the shell hears of it. */
export function answer(world: World, effect: Effect, how: How): Reply {
  const { command, claim = 0 } = effect
  const { log, options } = world.data
  // As in runs of this build and of the one before it.
  const triggersWait = claim % 2 === 1
  if (effect.run !== world.runId && runChecked.includes(command.type))
    return { type: 'runChanged', claim, triggersWait }
  const fenced: EventBody = {
    type: 'fenced',
    claim,
    reason: 'This run does not own the execution any more.',
    triggersWait,
  }
  const failed = how === 'fails' || how === 'lost'
  switch (command.type) {
    case 'open': {
      if (failed) return { type: 'openFailed', failure: { code: 'DirectoryNotAllowed', message: 'Not allowed.' } }
      const newest = observe(log)
      return { type: 'opened', opened: openedWith(options, newest && { newest }) }
    }
    case 'observe': {
      if (how === 'lost') return { type: 'claimFailed', failure: damaged }
      const newest = observe(log)
      return newest ? { type: 'observed', newest } : { type: 'observed' }
    }
    case 'claim': {
      if (how === 'lost') return { type: 'claimFailed', failure: damaged }
      const { number } = command.plan
      const owned = append(log, number, entryOf('claim', { ...command.plan, claim: { number, run: world.runId } }))
      if (how === 'late') return 'later'
      return owned ? { type: 'claimed', number, run: world.runId } : { type: 'claimTaken' }
    }
    case 'resolveRestorePoint': {
      if (how === 'fails') return { type: 'resolveFailed', failure: damaged }
      if (how === 'lost') return fenced
      const number = observe(log)?.alive.at(-1)
      if (number === undefined) return { type: 'restorePointResolved' }
      return { type: 'restorePointResolved', restore: { job, execution, number, uri: `chk-${number}` } }
    }
    case 'deploy': {
      const { attempt } = command.reference
      if (failed) return { type: 'deployFailed', attempt, failure: how === 'fails' ? taskFailed : damaged }
      if (how === 'late' && (options.hosts ?? 1) > 1) {
        world.deliver({ type: 'tasksPlaced', attempt, placed: 1 })
        return 'later'
      }
      const hosts = Array.from({ length: options.hosts ?? 1 }, () => `host-${++world.data.hosts}`)
      world.data.tasks.push(...hosts.map((host) => ({ host, attempt, exhausted: false })))
      if (command.restore) commitOutput(log, command.restore.number)
      return { type: 'deployed', attempt, result: deployedOnEach(hosts) }
    }
    case 'adopt': {
      // The host has heard from a newer owner.
      if (failed && log.entries.get(newestOf(log))?.owner.run !== world.runId) return fenced
      const missing = hostWithout(world, command)
      if (failed || missing !== undefined) {
        const host = missing ?? oneOf(world, command.hosts)
        return { type: 'adoptionFailed', failure: { ...(how === 'lost' ? hostLost : gone), host } }
      }
      return { type: 'adopted' }
    }
    case 'watch':
      return watched(world, command, how)
    case 'snapshot': {
      const { plan, reference, hosts } = command
      const { number } = plan
      const missing = hostWithout(world, command)
      const isAlone = hosts.length === 1
      if (how === 'late' && isAlone) world.data.ghosts.push(effect)
      const lost = { ...hostLost, host: oneOf(world, hosts) }
      const failure = how === 'fails' ? silent : how !== 'works' ? lost : missing && { ...gone, host: missing }
      if (failure && how !== 'lost') return { type: 'snapshotFailed', number, failure }
      // Whoever takes the snapshot may have published it too, whether or not its answer arrives. Of several hosts none does.
      const publishes = isAlone && missing === undefined && (how === 'lost' || reference.attempt % 2 === 0)
      const counts = !publishes || append(log, number, entryOf('checkpoint', plan))
      if (!counts && how === 'works') return { ...fenced, snapshot: number }
      if (failure) return { type: 'snapshotFailed', number, failure }
      return {
        type: 'snapshotTaken',
        number,
        result: takenOf(
          1,
          allTasks(world, command).every((one) => one.exhausted),
        ),
      }
    }
    case 'publish': {
      const { plan } = command
      const { number } = plan
      if (how === 'late') world.data.ghosts.push(effect)
      if (how === 'late' || how === 'fails') return { type: 'publicationUnknown', number, failure: silent }
      const counts = append(log, number, entryOf('checkpoint', plan))
      if (how === 'lost') return { type: 'publicationUnknown', number, failure: silent }
      return counts ? { type: 'published', number } : fenced
    }
    case 'abort': {
      if (how === 'fails') return 'later'
      const { number, nonce } = command.plan
      const present = log.entries.get(number)
      const kind: EntryKind = present?.kind === 'checkpoint' && present.nonce === nonce ? 'checkpoint' : 'aborted'
      const counts = append(log, number, entryOf(kind, command.plan))
      if (how !== 'works') return 'later'
      if (!counts) return fenced
      if (kind === 'aborted') return { type: 'aborted', number }
      return { type: 'publicationAdopted', number, result: takenOf(1) }
    }
    case 'commit': {
      const { number, hosts } = command
      if (how === 'fails') return { type: 'commitFailed', number, failure: taskFailed }
      const host = hostWithout(world, command)
      if (host) return { type: 'commitFailed', number, failure: { ...gone, host } }
      // Of several hosts one has committed its own before another was lost.
      if (how !== 'lost' || hosts.length === 1) commitOutput(log, number)
      if (how === 'lost') return { type: 'commitFailed', number, failure: { ...hostLost, host: oneOf(world, hosts) } }
      return { type: 'committed', number }
    }
    case 'finishOutput': {
      if (how === 'fails') return { type: 'outputUnfinished', failure: silent }
      const through = observe(log)?.alive.at(-1) ?? 0
      commitOutput(log, through)
      return how === 'lost' ? { type: 'outputUnfinished', failure: silent } : { type: 'outputFinished', through }
    }
    case 'stopTasks':
      if (how !== 'lost') endTasks(world, command)
      return { type: 'stopped', attempt: command.reference.attempt }
    case 'close': {
      if (how === 'fails') return { type: 'closeFailed', failure: silent }
      const counts = append(log, command.plan.number, entryOf('closed', command.plan))
      if (how === 'late') return 'later'
      if (how === 'lost') return { type: 'closeFailed', failure: silent }
      return counts ? { type: 'closed' } : fenced
    }
    case 'cleanUp':
      return failed ? { type: 'cleanupFailed', failure: silent } : { type: 'cleaned' }
    default:
      return 'nothing'
  }
}

/** A publication that nobody waits for any more lands, if its number is still free. */
export function landGhost(world: World): void {
  const ghost = world.data.ghosts.shift()
  if (ghost?.command.type !== 'publish' && ghost?.command.type !== 'snapshot') return
  // Of several hosts none publishes.
  if (ghost.command.type === 'snapshot' && ghost.command.hosts.length > 1) return
  const { plan } = ghost.command
  if (plan.number === newestOf(world.data.log) + 1) append(world.data.log, plan.number, entryOf('checkpoint', plan))
}

/** One of the newest hosts falls silent and its workflow says so: it is dead, or only frozen and has its tasks still. */
export function silence(world: World, dead: boolean): void {
  const last = world.data.tasks.at(-1)
  const ofAttempt = world.data.tasks.filter(({ attempt }) => attempt === last?.attempt)
  const newest = ofAttempt[world.data.now % ofAttempt.length]
  if (!newest) return
  const { host, attempt } = newest
  if (dead) world.data.tasks = world.data.tasks.filter((tasks) => tasks !== newest)
  const countsBeforeRunning = world.data.now % 4 > 0
  world.deliver({ type: 'hostLost', attempt, failure: hostLost, where: { host, execution }, countsBeforeRunning })
}

/** A host that is watched is being shut down, and wants to be rid of its tasks. */
export function leaving(world: World): void {
  const { shell } = world
  const watch = shell.inFlight.find(({ command, run }) => command.type === 'watch' && run === world.runId)
  if (watch?.command.type !== 'watch' || hostWithout(world, watch.command) !== undefined) return
  const { reference, hosts } = watch.command
  shell.inFlight = shell.inFlight.filter((one) => one !== watch)
  world.deliver({ type: 'hostLeaving', attempt: reference.attempt, host: oneOf(world, hosts) })
}

function watched(world: World, command: Command & { type: 'watch' }, how: How): Reply {
  const { reference, hosts } = command
  const { attempt } = reference
  const missing = hostWithout(world, command)
  if (missing !== undefined) return { type: 'hostLost', attempt, failure: { ...gone, host: missing } }
  switch (how) {
    case 'late':
      return 'later'
    case 'works':
      for (const tasks of allTasks(world, command)) tasks.exhausted = true
      return { type: 'attemptEnded', attempt, outcome: { kind: 'exhausted' } }
    case 'fails':
      return { type: 'attemptEnded', attempt, outcome: { kind: 'failed', error: taskFailed.message } }
    case 'lost': {
      const host = oneOf(world, hosts)
      endTasks(world, { reference, hosts: [host] })
      return { type: 'hostLost', attempt, failure: { ...hostLost, host } }
    }
  }
}

/** A command to the hosts of an attempt. */
interface ToHosts {
  readonly reference: AttemptReference
  readonly hosts: readonly string[]
}

function allTasks(world: World, { reference, hosts }: ToHosts): Tasks[] {
  return world.data.tasks.filter(({ host, attempt }) => attempt === reference.attempt && hosts.includes(host))
}

/** One that does not have the tasks, if there is one. */
function hostWithout(world: World, command: ToHosts): string | undefined {
  const found = allTasks(world, command).map(({ host }) => host)
  return command.hosts.find((host) => !found.includes(host))
}

function endTasks(world: World, command: ToHosts): void {
  const ended = allTasks(world, command)
  world.data.tasks = world.data.tasks.filter((tasks) => !ended.includes(tasks))
}

/** Now this one, now that. */
function oneOf({ data }: World, hosts: readonly string[]): string {
  return hosts[(data.now + data.hosts) % hosts.length] ?? ''
}
