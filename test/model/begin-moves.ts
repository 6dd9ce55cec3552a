import type { Rules } from './safeguards.js'
import { type Activity, executionAt, executionName, type Move, visibleIn, type World } from './world.js'

type Begin = Extract<Activity, { type: 'begin' }>

/** The beginning of an execution branches: any snapshot that exists may be what the user chose. It is chosen, pinned, and looked at again. */
export function beginMoves(rules: Rules, world: World, activity: Begin, index: number): Move[] {
  const label = `[begin of e${activity.execution}]`
  const { origin } = activity
  const holder = pinName(rules, activity.execution, activity.try)
  const move = (text: string, change: (begin: Begin, world: World) => void): Move => ({
    label: `${label} ${text}`,
    apply: (next) => change(next.activities[index] as Begin, next),
  })
  if (activity.step === 'pin' && origin !== undefined) {
    return [
      move('writes its pin', (begin, next) => {
        writePin(rules, next, origin.execution, origin.number, holder)
        begin.step = rules.pinReadsAgain ? 'confirm' : 'create'
      }),
    ]
  }
  if (activity.step === 'confirm' && origin !== undefined) {
    return [
      move('reads the newest entry again', (begin, next) => {
        const holds = confirmPin(next, origin.execution, origin.number, holder)
        if (!holds) delete begin.origin
        begin.step = holds ? 'create' : 'choose'
      }),
    ]
  }
  const choices = world.executions.flatMap((execution, from) =>
    from === activity.execution ? [] : visibleIn(execution).map((number) => ({ execution: from, number })),
  )
  return [
    move('chooses a fresh start', (begin) => {
      begin.step = 'create'
    }),
    ...choices.map((choice) =>
      move(`chooses chk-${choice.number} of e${choice.execution}`, (begin) => {
        begin.origin = choice
        begin.step = 'pin'
      }),
    ),
  ]
}

/** Where tries share a pin, each may take back what another was let in by. */
function pinName(rules: Rules, execution: number, number: number): string {
  return rules.ownPins ? `${executionName(execution)}.${number}` : executionName(execution)
}

export function writePin(rules: Rules, world: World, from: number, number: number, holder: string): void {
  executionAt(world, from).pins[holder] = { number, confirmed: !rules.pinReadsAgain }
}

/** Reads the newest entry again: the pin holds if the snapshot is still alive, and goes otherwise. */
export function confirmPin(world: World, from: number, number: number, holder: string): boolean {
  const execution = executionAt(world, from)
  const pin = execution.pins[holder]
  const holds = pin !== undefined && visibleIn(execution).includes(number)
  if (holds) pin.confirmed = true
  else delete execution.pins[holder]
  return holds
}
