import { isTidemarkError, messageOf } from '../errors.js'
import { type AuditContext, AuditTrail } from './audit-trail.js'
import { collectExecution } from './collect-execution.js'
import { collectLeftovers } from './collect-leftovers.js'
import { collectPins } from './collect-pins.js'
import type { CollectedExecution, CollectReport } from './collect-report.js'
import type { CollectRules, CollectRun } from './collect-run.js'
import { knowExecutions, type WorkflowLookup } from './known-executions.js'
import type { Roots } from './roots.js'
import { takeSurvey } from './survey.js'

export interface CollectOptions {
  /** False: a dry run, which changes nothing. */
  readonly delete: boolean
  readonly context: AuditContext
  /** Milliseconds since the epoch. */
  readonly now: number
  /**
   * What Temporal says of the workflow of an execution. Asked for open logs and for holders of pins that have no record; without it
   * nothing is known, and both are kept.
   */
  readonly workflow?: WorkflowLookup
  readonly rules?: Partial<CollectRules>
}

const day = 24 * 60 * 60 * 1000

export const defaultCollectRules: CollectRules = { tombstoneAgeMs: 7 * day, leftoverAgeMs: day }

const nobodyAsked: WorkflowLookup = async () => ({ kind: 'unknown', why: 'no Temporal server was asked' })

/**
 * Collects garbage below the roots, of every job, running or not. All logs are read before anything is changed; then each
 * execution is observed anew, and every change is one of the protocol's own steps (docs/protocol.md): appends of `closed`, discards,
 * deletions. So it may run twice at once, beside running jobs, and may be interrupted anywhere: the next run goes on.
 *
 * In this order: pins whose holders have ended, since they keep files; executions; what dead processes left.
 * @throws StorageUnavailable where the roots cannot be read: nothing was changed then
 */
export async function collect(roots: Roots, options: CollectOptions): Promise<CollectReport> {
  const { context, now } = options
  const survey = await takeSurvey(roots)
  const run: CollectRun = {
    roots,
    rules: { ...defaultCollectRules, ...options.rules },
    dry: !options.delete,
    now,
    context,
    trail: new AuditTrail(roots.metadata, context),
    known: await knowExecutions(roots, survey.executions),
    workflow: options.workflow ?? nobodyAsked,
    stalePins: new Map(),
    problems: [],
  }
  const pins = await collectPins(run)
  const executions: CollectedExecution[] = []
  for (const target of run.known) {
    const collected = await collectExecution(run, target)
    if (collected !== undefined) executions.push(collected)
  }
  const leftovers = await collectLeftovers(run, survey)
  if (options.delete) await tidyRoots(run)
  await run.trail.end()
  const gone = [...executions, ...leftovers.filter(({ removed }) => removed)]
  return {
    deleted: options.delete,
    executions,
    pins,
    leftovers,
    unknown: survey.unknown,
    problems: [...new Set(run.problems)],
    files: gone.reduce((sum, { files }) => sum + files, pins.filter(({ stale }) => stale).length),
    bytes: gone.reduce((sum, { bytes }) => sum + bytes, 0),
    audit: run.trail.written,
  }
}

/**
 * Unfinished writes of processes that have died, wherever they are: also where nothing else is, which no listing shows. A failure takes nothing
 * from what was done before, and is reported with it.
 */
async function tidyRoots({ roots, problems, trail }: CollectRun): Promise<void> {
  const apart = roots.data.uri === roots.metadata.uri ? [] : [roots.data]
  for (const root of [roots.metadata, ...apart]) {
    const done: (() => void)[] = []
    const why = 'half-written by a process that has died'
    try {
      await root.tidy('', 'dead', async (files) => {
        done.push(await trail.begin({ action: 'remove-leftover', why, uri: root.uri, files, bytes: 0 }))
      })
      for (const end of done) end()
    } catch (error) {
      if (!isTidemarkError(error)) throw error
      problems.push(messageOf(error))
    }
  }
}
