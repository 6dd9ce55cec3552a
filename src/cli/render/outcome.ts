import type { JobOutcome } from '../../client/index.js'
import { formatCount, listCheckpoints, plural } from './text.js'

/** How a job ended and what is left of it, in one line. */
export function outcomeLine(job: string, outcome: JobOutcome): string {
  switch (outcome.state) {
    case 'FINISHED': {
      const { records, checkpoints, restarts } = outcome
      const counts = [`${formatCount(records)} records`, plural(checkpoints, 'checkpoint'), plural(restarts, 'restart')]
      return `FINISHED ${counts.join(', ')}. ${keptSentence(job, outcome)}${note(outcome.note)}`
    }
    case 'CANCELED':
      return `CANCELED ${keptSentence(job, outcome)}${note(outcome.note)}`
    case 'FAILED':
      return `FAILED ${outcome.code === 'RestoreChoiceRequired' ? restoreChoice(job, outcome.details) : outcome.message}`
    case 'TERMINATED':
    case 'TIMED_OUT':
      return `${outcome.state} ${outcome.message} ${keptSentence(job, outcome)}`
  }
}

export function keptSentence(job: string, { kept }: { readonly kept?: readonly number[] }): string {
  if (kept === undefined) return 'What is kept: see "tidemark checkpoints ls".'
  if (kept.length === 0) return 'No checkpoint is kept.'
  return `Kept: ${listCheckpoints(kept)}. Go on from there with "tidemark resume ${job}".`
}

function note(text: string | undefined): string {
  return text === undefined ? '' : ` ${text}`
}

/** The failure's own message names fields of the argument; at a shell there are verbs for it. */
function restoreChoice(job: string, details: unknown): string {
  const choices = Array.isArray(details) ? (details as { number?: unknown }[]) : []
  const numbers = choices.map(({ number }) => number).filter((number) => typeof number === 'number')
  const listed = numbers.length === 0 ? 'checkpoints' : listCheckpoints(numbers.slice(-5))
  return `Job "${job}" has checkpoints of an earlier execution (${listed}): go on from the latest with "tidemark resume ${job}", choose one with --from, or begin without state with --from none.`
}
