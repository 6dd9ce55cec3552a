import { activityInfo, log } from '@temporalio/activity'
import { type AuditContext, collect, openRoots, recordCommitted } from '../src/checkpoint-store/index.js'
import { askWorkflowFact } from '../src/client/workflow-fact.js'
import type { CollectInput, CollectSummary, EndedOutput } from './contract.js'
import type { StorageDependencies } from './dependencies.js'

/** Of what a report lists, in a workflow's history: the rest is in the audit and in `tidemark gc`. */
const listed = 50

/** One run of the collector below this worker's roots. */
export async function collectGarbage(
  { configuration, client }: StorageDependencies,
  input: CollectInput,
): Promise<CollectSummary> {
  const roots = openRoots(configuration.checkpointsDir, configuration.dataDir)
  const report = await collect(roots, {
    delete: true,
    now: Date.now(),
    context: contextOf(input),
    rules: input.rules,
    workflow: (job, execution) => askWorkflowFact(client, job, execution),
  })
  const { executions, files, bytes, pins, problems, unknown, audit } = report
  log.info('Collected garbage', { files, bytes, problems, audit })
  const settled = executions.filter(({ action, recorded }) => action !== 'keep' || recorded.length > 0)
  return {
    files,
    bytes,
    closed: executions.filter(({ recorded }) => recorded.length > 0).length,
    pins: pins.filter(({ stale }) => stale).length,
    uncertain: executions.filter(({ reason }) => reason === 'uncertain').length,
    unknown: unknown.length,
    deeds: settled.slice(0, listed).map(({ job, execution, action, recorded, why, files, bytes }) => {
      const what = [...recorded, why].join('; ')
      return `${job}/${execution}: ${action} ${files} files, ${bytes} bytes (${what})`
    }),
    problems: problems.slice(0, listed),
    audit: audit.slice(0, listed),
    unfinished: executions
      .flatMap(({ job, execution, finish }) => (finish ? [{ job, execution, ...finish }] : []))
      .slice(0, listed)
      .map((output) => ({ ...output, roots: { metadata: configuration.checkpointsDir, data: configuration.dataDir } })),
  }
}

/** The output is committed: the log says so from now on, and what only that kept may go. */
export async function recordOutput(input: EndedOutput & Pick<CollectInput, 'at' | 'nonce'>): Promise<void> {
  const { job, execution, number, roots } = input
  await recordCommitted(openRoots(roots.metadata, roots.data), job, execution, number, contextOf(input))
}

function contextOf({ at, nonce }: Pick<CollectInput, 'at' | 'nonce'>): AuditContext {
  const { workflowExecution } = activityInfo()
  return { who: `workflow ${workflowExecution?.workflowId ?? ''}`, at: new Date(at).toISOString(), nonce }
}
