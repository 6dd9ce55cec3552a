import { extendAncestry } from '../../src/checkpoint/ancestry.js'
import { firstNumber } from '../../src/checkpoint/log-rules.js'
import { planAlive } from '../../src/checkpoint/retention-plan.js'
import { closeOthers, otherExecutions, publicationOf, stateFile } from './activities.js'
import { entryAt, mayCreate } from './append-steps.js'
import type { Rules } from './safeguards.js'
import {
  type Coordinator,
  type Entry,
  executionAt,
  executionName,
  type Move,
  newestOf,
  recordOf,
  start,
  visibleIn,
  type World,
} from './world.js'

/** How a job of this model is cancelled. */
export type Ending = 'RETAIN' | 'DELETE'

/** What the workflow may do next where it does not wait for an answer. */
export function coordinatorMoves(rules: Rules, world: World, ending: Ending): Move[] {
  const { phase, waitsFor, run, execution } = world.coordinator
  const who = `e${execution}/${run}`
  if (waitsFor !== undefined) return lateAnswers(rules, world, who)
  const moves: Move[] = []
  const add = (label: string, apply: (world: World, coordinator: Coordinator) => void) =>
    moves.push({ label: `${who} ${label}`, apply: (next) => apply(next, next.coordinator) })
  switch (phase) {
    case 'begin':
      add('begins', (next, coordinator) => begin(rules, next, coordinator))
      if (world.budget.hangs > 0) {
        add(
          'begins; the first try hangs before it creates the record, and a second is started',
          (next, coordinator) => {
            next.budget.hangs--
            start(next, { type: 'begin', execution: coordinator.execution, try: 0, step: 'create' })
            begin(rules, next, coordinator)
          },
        )
      }
      break
    case 'observe':
      add('observes the newest entry and claims the next number', (next, coordinator) =>
        claim(rules, next, coordinator),
      )
      break
    case 'restore':
      add('resolves the restore point', restore)
      break
    case 'run':
      if (world.budget.checkpoints > 0)
        add('issues a checkpoint', (next, coordinator) => publish(rules, next, coordinator))
      if (world.budget.restarts > 0) {
        add('loses a task and restarts', (next, coordinator) => {
          next.budget.restarts--
          coordinator.phase = 'observe'
        })
      }
      if (executionAt(world, execution).acknowledged > 0 || world.budget.checkpoints === 0)
        add(`is cancelled, ${ending}`, (next, coordinator) => close(rules, next, coordinator, ending))
      break
    case 'abort':
      add(`gives chk-${world.coordinator.next} up`, (next, coordinator) => abort(rules, next, coordinator))
      break
    case 'commit':
      add('commits what it adopted', (next, coordinator) => {
        const { prepared } = entryAt(next, coordinator.execution, coordinator.confirmed)
        coordinator.waitsFor = start(next, {
          type: 'commit',
          execution: coordinator.execution,
          step: 'commit',
          prepared,
        })
      })
      break
    case 'delete':
      add('deletes', (next, coordinator) => {
        coordinator.waitsFor = start(next, { type: 'delete', execution: coordinator.execution, step: 'pins' })
      })
      break
  }
  return moves
}

/**
 * An answer that takes too long: a publication becomes undecided, tasks that do not come up are started anew, the beginning of an execution is tried
 * again, choosing anew, and an append with the same bytes. The activity goes on.
 */
function lateAnswers(rules: Rules, world: World, who: string): Move[] {
  const { phase, waitsFor, next: number } = world.coordinator
  const activity = world.activities.find((one) => one.id === waitsFor)
  if (activity?.type === 'begin') return beginsAgain(rules, world, who, activity.try)
  if (world.budget.timeouts === 0 || activity === undefined) return []
  const late = (label: string, apply: (next: World) => void): Move[] => [
    {
      label: `${who} ${label}`,
      apply: (next) => {
        next.budget.timeouts--
        delete next.coordinator.waitsFor
        apply(next)
      },
    },
  ]
  if (phase === 'publish') {
    return late(`waits no longer for chk-${number}`, (next) => {
      next.coordinator.phase = 'abort'
    })
  }
  if (phase === 'sweep') {
    return late('waits no longer for its tasks', (next) => {
      next.coordinator.phase = 'observe'
    })
  }
  if (activity.type !== 'append' && activity.type !== 'abort') return []
  return late(`tries ${activity.entry.kind} ${activity.entry.number} again`, (next) => {
    next.coordinator.waitsFor = start(next, { ...activity, step: 'create' })
  })
}

function beginsAgain(rules: Rules, world: World, who: string, attempt: number): Move[] {
  if (world.budget.retries === 0) return []
  return [
    {
      label: `${who} begins again`,
      apply: (next) => {
        next.budget.retries--
        begin(rules, next, next.coordinator, attempt + 1)
      },
    },
  ]
}

function begin(rules: Rules, world: World, coordinator: Coordinator, attempt = 1): void {
  const { execution } = coordinator
  closeOthers(rules, world, execution)
  coordinator.waitsFor = start(world, { type: 'begin', execution, try: attempt, step: 'choose' })
}

/** What every entry takes over from the newest one. */
function entryFrom(world: World, coordinator: Coordinator, kind: Entry['kind'], nonce: string): Entry {
  const { execution, claim, run, next: number, ancestry, position } = coordinator
  const newest = newestOf(executionAt(world, execution))
  const owner = { claim, run }
  const output = { committedThrough: 0, ancestry, position, prepared: [] }
  return { kind, number, owner, nonce, alive: newest?.alive ?? [], ...output, state: [] }
}

/** Appends begin with the admission, in the same step: whatever happens before the creation makes it the older. */
function append(rules: Rules, world: World, coordinator: Coordinator, entry: Entry): void {
  const { execution } = coordinator
  if (!mayCreate(rules, executionAt(world, execution), entry)) coordinator.phase = 'observe'
  else coordinator.waitsFor = start(world, { type: 'append', execution, step: 'create', entry })
}

function claim(rules: Rules, world: World, coordinator: Coordinator): void {
  const execution = executionAt(world, coordinator.execution)
  const newest = newestOf(execution)
  if (execution.record !== 'live' || (rules.closedRefuses && newest?.kind === 'closed')) {
    coordinator.phase = 'done'
    return
  }
  // Also where the execution began long ago: a successor that began before our record was there, and has ended, left us open.
  if (rules.everyRunCloses) closeOthers(rules, world, coordinator.execution)
  coordinator.closed = otherExecutions(world, coordinator.execution)
  coordinator.next = newest === undefined ? firstNumber(recordOf(execution) ?? { state: 'live' }) : newest.number + 1
  coordinator.claim = coordinator.next
  append(
    rules,
    world,
    coordinator,
    entryFrom(world, coordinator, 'claim', `claim-${coordinator.run}-${coordinator.next}`),
  )
}

/** The newest alive checkpoint, else what the execution began from, else nothing. */
function restore(world: World, coordinator: Coordinator): void {
  const execution = executionAt(world, coordinator.execution)
  const own = visibleIn(execution).at(-1)
  const origin = own === undefined ? execution.restoredFrom : { execution: coordinator.execution, number: own }
  const restored = origin === undefined ? undefined : entryAt(world, origin.execution, origin.number)
  coordinator.attempt++
  coordinator.position = restored?.position ?? 0
  coordinator.confirmedPosition = coordinator.position
  coordinator.confirmed = own ?? 0
  coordinator.lastIssued = own ?? 0
  coordinator.ancestry = restored?.ancestry ?? []
  coordinator.carried = []
  coordinator.phase = 'sweep'
  coordinator.waitsFor = start(world, {
    type: 'sweep',
    execution: coordinator.execution,
    step: 'first',
    claim: coordinator.claim,
    ancestry: coordinator.ancestry,
    prepared: restored?.prepared ?? [],
    closed: coordinator.closed,
  })
}

function publish(rules: Rules, world: World, coordinator: Coordinator): void {
  if (world.budget.rewinds > 0) world.saved = { ...coordinator }
  world.budget.checkpoints--
  const { execution, run, attempt, next: number, position, confirmed, carried, lastIssued } = coordinator
  const nonce = publicationOf(coordinator, number)
  const base = rules.confirmedBase ? confirmed : lastIssued
  // An increment refers to the files of its base; an unconfirmed base has a file too, only nobody else refers to it.
  const below = executionAt(world, execution).log[base]
  const baseState = below?.kind === 'checkpoint' ? below.state : base === 0 ? [] : [stateFile(base, attempt, run)]
  const alive = planAlive({
    alive: newestOf(executionAt(world, execution))?.alive ?? [],
    completed: number,
    numRetained: 1,
    committedThrough: number,
  })
  const entry: Entry = {
    ...entryFrom(world, coordinator, 'checkpoint', nonce),
    alive,
    ancestry: extendAncestry(coordinator.ancestry, executionName(execution), number),
    position: position + 1,
    prepared: [...carried, nonce],
    state: [...baseState, stateFile(number, attempt, run)],
  }
  coordinator.phase = 'publish'
  coordinator.waitsFor = start(world, {
    type: 'publish',
    execution,
    step: 'cut',
    entry,
    records: [position, position + 1],
  })
}

function abort(rules: Rules, world: World, coordinator: Coordinator): void {
  const { execution, next } = coordinator
  const nonce = publicationOf(coordinator, next)
  const entry = entryFrom(world, coordinator, 'aborted', `aborted-${nonce}`)
  if (!mayCreate(rules, executionAt(world, execution), entry)) coordinator.phase = 'observe'
  else coordinator.waitsFor = start(world, { type: 'abort', execution, step: 'create', entry, nonce })
}

function close(rules: Rules, world: World, coordinator: Coordinator, ending: Ending): void {
  const entry = entryFrom(world, coordinator, 'closed', `closed-${coordinator.run}-${coordinator.next}`)
  if (ending === 'DELETE') executionAt(world, coordinator.execution).doomed = true
  coordinator.phase = 'close'
  append(rules, world, coordinator, { ...entry, alive: ending === 'RETAIN' ? entry.alive : [] })
}
