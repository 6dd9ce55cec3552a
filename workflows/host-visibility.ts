import { setCurrentDetails, upsertMemo } from '@temporalio/workflow'
import type { HostedAttempt, HostFacts, HostMemo, HostState } from '../src/temporal/host-messages.js'

/** Jobs that are listed one by one. */
const listed = 100

export interface HostView {
  readonly state: HostState
  readonly jobs: readonly HostedAttempt[]
  readonly freeSlots: number
  /** Of a lost one: since when, and until when it is waited for; milliseconds since the epoch. */
  readonly lostAt?: number
  readonly until?: number
}

/** What people see of a host: details in the Web UI, and, where it has changed, the memo for lists. Answers the memo as text. */
export function showHost(facts: HostFacts, view: HostView, shown: string | undefined): string {
  const { host, machine, pid, since, tidemark, slots, definitions } = facts
  setCurrentDetails(renderHost(facts, view))
  const memo: HostMemo = {
    ...{ host, machine, pid, since, tidemark, slots, definitions },
    state: view.state,
    jobs: view.jobs.slice(0, listed),
    jobCount: view.jobs.length,
    freeSlots: view.freeSlots,
  }
  const text = JSON.stringify(memo)
  if (text !== shown) upsertMemo({ tidemarkHost: memo })
  return text
}

/** Markdown, as one flat list: the Web UI runs the lines of an inner one together. */
function renderHost({ machine, pid, since, tidemark, slots, definitions }: HostFacts, view: HostView): string {
  const { jobs, freeSlots } = view
  const running = jobs.filter(({ kept }) => !kept)
  const tasks = running.reduce((sum, one) => sum + one.tasks, 0)
  const more = jobs.length > listed ? [`- and ${jobs.length - listed} more`] : []
  return [
    `**${view.state}** — ${describe(view)}`,
    '',
    `- jobs: ${running.length}, tasks: ${tasks}, free slots: ${freeSlots} of ${slots}`,
    ...jobs
      .slice(0, listed)
      .map(
        (one) =>
          `- ${one.kept ? 'keeps room for' : 'runs'} \`${one.job}\`: attempt ${one.attempt}, ${plural(one.tasks, 'task')}`,
      ),
    ...more,
    ...definitions.map(
      ({ name, version, build }) => `- can run \`${name}\`, version ${version}, build ${build.slice(0, 12)}`,
    ),
    `- process ${pid} on ${machine} since ${clock(Date.parse(since))}, tidemark ${tidemark}`,
  ].join('\n')
}

function describe({ state, lostAt = 0, until = 0 }: HostView): string {
  switch (state) {
    case 'UP':
      return 'The process lives and sends its heartbeat.'
    case 'LOST':
      return `No heartbeat since about ${clock(lostAt)}; its jobs were told. It is waited for until ${clock(until)}.`
    case 'LEFT':
      return 'The process was shut down.'
  }
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function clock(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}
