import { type Execution, executionAt, executionName, newestOf, visibleIn, type World } from './world.js'

/** What must hold in every state. Answers what does not. */
export function violationOf(world: World): string | undefined {
  for (const [index, execution] of world.executions.entries()) {
    const fault = faultOf(execution) ?? holdFault(world, execution, executionName(index))
    if (fault !== undefined) return `e${index}: ${fault}`
  }
  return isQuiet(world) ? outputFault(world) : undefined
}

function faultOf(execution: Execution): string | undefined {
  const alive = visibleIn(execution)
  for (const number of alive) {
    const missing = missingOf(execution, number)
    if (missing !== undefined) return `chk-${number} exists, but ${missing}`
  }
  for (const [holder, pin] of Object.entries(execution.pins)) {
    const missing = pin.confirmed ? missingOf(execution, pin.number) : undefined
    if (missing !== undefined) return `chk-${pin.number} is pinned by ${holder}, but ${missing}`
  }
  if (execution.reportedDeleted && alive.length > 0)
    return `it was reported deleted and shows chk-${alive.join(', chk-')}`
  if (!execution.doomed && Math.max(0, ...alive) < execution.acknowledged) {
    return `chk-${execution.acknowledged} was acknowledged and is not there (there: ${alive.join() || 'nothing'})`
  }
  if (newestOf(execution)?.kind === 'closed' && execution.doomed && alive.length > 0) {
    return `it ended with nothing kept and shows chk-${alive.join(', chk-')}`
  }
  return undefined
}

/** Until its first own checkpoint an execution may restore again from what it began with: a pin of its own holds that. */
function holdFault(world: World, execution: Execution, name: string): string | undefined {
  const { restoredFrom, record, acknowledged } = execution
  const isOver = record !== 'live' || acknowledged > 0 || newestOf(execution)?.kind === 'closed'
  if (restoredFrom === undefined || isOver) return undefined
  const pins = Object.entries(executionAt(world, restoredFrom.execution).pins)
  const held = pins.some(
    ([holder, pin]) => holder.split('.')[0] === name && pin.confirmed && pin.number === restoredFrom.number,
  )
  return held
    ? undefined
    : `it restores from chk-${restoredFrom.number} of e${restoredFrom.execution}, which it does not hold`
}

function missingOf(execution: Execution, number: number): string | undefined {
  const entry = execution.log[number]
  if (entry?.kind !== 'checkpoint') return 'its metadata is gone'
  const missing = entry.state.filter((name) => !execution.state.includes(name))
  return missing.length === 0 ? undefined : `its files ${missing.join()} are gone`
}

function isQuiet(world: World): boolean {
  return world.coordinator.phase === 'done' && world.coordinator.final !== undefined && world.activities.length === 0
}

/** Once nothing moves any more, the committed files hold every record up to the final one exactly once. */
function outputFault(world: World): string | undefined {
  const committed = Object.entries(world.output).filter(([, file]) => file.place === 'committed')
  committed.sort(([, a], [, b]) => a.from - b.from)
  let position = 0
  for (const [id, file] of committed) {
    if (file.from !== position)
      return `output: record ${Math.min(position, file.from)} is ${file.from > position ? 'missing' : 'there twice'} (${id})`
    position = file.to
  }
  const { final = 0 } = world.coordinator
  return position === final ? undefined : `output: it ends at ${position} instead of ${final}`
}
