import { Command, Option } from 'commander'
import type { GcScheduleView } from '../../client/index.js'
import { formatDuration, parseDuration } from '../../spec/duration.js'
import { type Context, printJson } from '../context.js'
import { exitCodes } from '../exit-codes.js'
import { rulesFrom } from '../gc-rules.js'
import { renderFields } from '../render/table.js'
import { formatAge } from '../render/text.js'
import { UsageError } from '../usage-error.js'

interface ScheduleOptions {
  readonly every?: string
  readonly now?: boolean
  readonly remove?: boolean
  readonly tombstoneAge?: string
  readonly leftoverAge?: string
  readonly json?: boolean
  /** Of `gc` alone. */
  readonly delete?: boolean
  readonly audit?: boolean
  readonly gone?: readonly string[]
}

/** A collector that never rests is a mistake. */
const shortestMs = 60_000

export function gcScheduleCommand(context: Context): Command {
  return (
    new Command('schedule')
      .description('let the workers collect garbage by a Temporal Schedule; without options, show it')
      .option('--every <duration>', 'make the schedule, or change the one there is: 1h')
      .option('--tombstone-age <duration>', 'with --every: how long records of deleted executions stay (7d)')
      .option('--leftover-age <duration>', 'with --every: how long the leftovers of storage probes stay (1d)')
      .addOption(new Option('--now', 'have it run now').conflicts('remove'))
      .addOption(new Option('--remove', 'take the schedule away').conflicts(['every', 'now']))
      .option('--json', 'for programs: the schedule as it is then')
      // Commander gives options that `gc` has too to `gc`, wherever they stand.
      .action((_: unknown, command: Command) => schedule(context, command.optsWithGlobals<ScheduleOptions>()))
  )
}

async function schedule(context: Context, options: ScheduleOptions): Promise<void> {
  if (options.delete || options.audit || (options.gone ?? []).length > 0) {
    throw new UsageError(
      '--delete, --gone and --audit are not for the schedule: its runs delete, and believe Temporal alone.',
    )
  }
  const everyMs = options.every === undefined ? undefined : parseDuration(options.every)
  if (everyMs !== undefined && everyMs < shortestMs) {
    throw new UsageError(`--every must be at least ${formatDuration(shortestMs)}, got ${options.every}.`)
  }
  if (everyMs === undefined && (options.tombstoneAge !== undefined || options.leftoverAge !== undefined)) {
    throw new UsageError('--tombstone-age and --leftover-age belong to --every, which sets the whole schedule.')
  }
  const { terminal } = context
  await context.withClient(async (client) => {
    const gc = client.gcSchedule()
    const say = (line: string) => {
      if (!options.json) terminal.print(line)
    }
    if (options.remove) {
      const removed = await gc.remove()
      say(removed ? `Removed the schedule ${gc.id}.` : `There is no schedule ${gc.id}.`)
    }
    if (everyMs !== undefined) {
      const made = await gc.set({ everyMs, ...rulesFrom(options) })
      const verb = made === 'created' ? 'Created' : 'Updated'
      say(`${verb} the schedule ${gc.id}: workers collect garbage every ${formatDuration(everyMs)}.`)
    }
    if (options.now) {
      if (!(await gc.trigger())) return refuse(context, gc.id)
      say('A run begins now; its result is in the Web UI, under workflows of type collectGarbage.')
    }
    const view = await gc.describe()
    if (options.json) printJson(terminal, view ?? null)
    else if (everyMs === undefined && !options.remove && !options.now)
      terminal.print(...render(view, gc.id, Date.now()))
  })
}

function refuse(context: Context, id: string): void {
  context.terminal.warn(`tidemark: There is no schedule ${id} yet: make it with "tidemark gc schedule --every 1h".`)
  context.setExitCode(exitCodes.failed)
}

function render(view: GcScheduleView | undefined, id: string, now: number): string[] {
  if (view === undefined) return [`There is no schedule ${id}: "tidemark gc schedule --every 1h" makes it.`]
  const { everyMs, paused, nextRunAt, lastRunAt, lastRun } = view
  return [
    `Schedule ${id}${paused ? ', paused' : ''}`,
    ...renderFields([
      ['every', everyMs === undefined ? undefined : formatDuration(everyMs)],
      ['next run', nextRunAt],
      [
        'last run',
        lastRunAt === undefined ? 'none yet' : `${formatAge(lastRunAt, now)}: workflow ${lastRun ?? 'unknown'}`,
      ],
    ]),
  ]
}
