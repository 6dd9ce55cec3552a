import type { LogEntry } from '@temporalio/worker'

/**
 * A message of Temporal's SDK as a line for a person. Why a workflow task failed, which is why a job stands still, is not in the message but in a field, as
 * text of another language: of it the first message is shown, with the run that it is about.
 */
export function lineOf({ level, message, meta }: Pick<LogEntry, 'level' | 'message' | 'meta'>): string {
  const { runId, failure } = meta ?? {}
  const why = typeof failure === 'string' ? firstMessageIn(failure) : undefined
  if (why === undefined) return `temporal ${level}: ${message}`
  return `temporal ${level}: ${message} (run ${String(runId)}): ${why}`
}

function firstMessageIn(failure: string): string | undefined {
  const quoted = /message: "((?:[^"\\]|\\.)+)"/.exec(failure)?.[1]
  return quoted?.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? ' ' : escaped))
}
