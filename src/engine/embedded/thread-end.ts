import { messageOf, TidemarkError } from '../../errors.js'

/** Why a thread is no more. */
export type ThreadEnd = { readonly kind: 'closed' } | Fault

/** `by` is the label of the task whose code did it, where that is known. */
export type Fault = { readonly by?: string | undefined } & (
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'crashed' | 'out of memory'; readonly error: unknown }
  | { readonly kind: 'blocked' }
)

/** What the end of its thread is to one task, in one sentence. */
export function explainEnd(end: ThreadEnd, label: string, shared: boolean): TidemarkError {
  if (end.kind === 'closed') return new TidemarkError('TasksGone', `${label} was stopped.`)
  const own = !shared || end.by === label
  const message = own ? ownFault(end, label) : `${label} ended with the thread that it shares: ${faultOfAnother(end)}`
  return new TidemarkError('TaskFailed', message, 'error' in end ? { cause: end.error } : {})
}

function ownFault(end: Fault, label: string): string {
  switch (end.kind) {
    case 'exited':
      return `${label} ended: the job's code called process.exit(${end.code}), which ends its task.`
    case 'crashed':
      return `${label} crashed on an error that nothing caught: ${messageOf(end.error)}`
    case 'out of memory':
      return `${label} ran out of memory; keep less state in it, or give tasks a larger heap.`
    case 'blocked':
      return `${label} did not give way when it was closed, and was terminated.`
  }
}

function faultOfAnother(end: Fault): string {
  const by = end.by ?? 'the code of some task'
  switch (end.kind) {
    case 'exited':
      return `${by} called process.exit(${end.code}).`
    case 'crashed':
      return `${by} crashed on an error that nothing caught: ${messageOf(end.error)}`
    case 'out of memory':
      return 'it ran out of memory; keep less state in its tasks, or raise tidemark.threads.'
    case 'blocked':
      return `${by} did not give way when it was closed.`
  }
}
