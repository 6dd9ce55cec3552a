import type { WorkflowFact } from '../../checkpoint/collection.js'
import type { KeptFacts } from '../../checkpoint-store/index.js'
import { listCheckpoints, plural } from './text.js'

/** What keeps a checkpoint, one reason a line; or that nothing does. */
export function renderWhyKept(facts: KeptFacts, workflow: WorkflowFact | undefined): string[] {
  const reasons = [...inLog(facts, workflow), ...byPins(facts), ...byOthers(facts)]
  const history = facts.restoredBy.map(
    ({ job, execution, state }) =>
      `Execution ${execution} of job "${job}" (${state}) began from it; that alone does not keep it.`,
  )
  return [`${facts.uri} ${verdict(facts)}`, ...[...reasons, ...history].map((reason) => `- ${reason}`)]
}

function verdict({ exists, onDisk, pins, usedBy, state }: KeptFacts): string {
  if (exists) return onDisk ? 'is kept:' : 'is kept by its log, but its _metadata is not there: it is lost.'
  if (!onDisk) return state === 'absent' ? 'is not there, nor is its execution.' : 'is not there.'
  if (pins.length > 0) return 'has left the list of its job, and is pinned:'
  if (usedBy.length > 0) return 'is not kept, though files that it wrote are:'
  return 'is not kept: its files go with the next discard of its job, or with "tidemark gc --delete".'
}

function inLog(facts: KeptFacts, workflow: WorkflowFact | undefined): string[] {
  const { exists, state, policy, numRetained, closed, kind } = facts
  const reasons: string[] = []
  if (exists && state === 'open') {
    const among =
      numRetained === undefined
        ? 'those that the job keeps'
        : `the ${plural(numRetained, 'checkpoint')} that the job keeps`
    reasons.push(kind === 'savepoint' ? 'It is a savepoint.' : `It is one of ${among} while it runs.`)
    if (workflow?.kind === 'running') reasons.push('Its workflow runs.')
    if (workflow?.kind === 'ended')
      reasons.push(`The job has ended (${workflow.why}), and "tidemark gc --delete" applies ${policy}.`)
    if (workflow?.kind === 'unknown') reasons.push(`Whether the job has ended is not known: ${workflow.why}.`)
  }
  if (exists && closed) {
    const how = `The job ended as ${closed.ending} (recorded by its ${closed.by}: ${closed.reason})`
    reasons.push(
      facts.onlyForOutput
        ? `${how}; it stays only until its output is committed.`
        : `${how}, and ${policy} keeps its checkpoints until somebody deletes them.`,
    )
  }
  if (facts.unfinishedOutput) reasons.push('Its output is not known to be committed.')
  return reasons
}

function byPins({ pins }: KeptFacts): string[] {
  return pins.map(({ by, reason, expiresAt, confirmed }) => {
    const until = expiresAt === undefined ? '' : `, until ${expiresAt}`
    return `Pinned by ${by}: ${reason}${until}${confirmed ? '' : ' (not confirmed yet)'}.`
  })
}

function byOthers({ usedBy }: KeptFacts): string[] {
  return usedBy.length === 0 ? [] : [`${listCheckpoints(usedBy)} use state files that it wrote; these files stay.`]
}
