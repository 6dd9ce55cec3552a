import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'

export interface Ended {
  /** As Temporal names it: `COMPLETED`, `CANCELLED`, `FAILED`. */
  readonly status: string
  readonly result?: unknown
  /** Of the failure that ended it. */
  readonly type?: string
  readonly message: string
  readonly details: readonly unknown[]
}

/** Waits for the end of a workflow, and says how it ended. */
export async function ended(job: WorkflowHandle): Promise<Ended> {
  const outcome = await job.result().then(
    (result) => ({ result, message: '', details: [] }),
    (error: unknown) => {
      if (!(error instanceof WorkflowFailedError)) throw error
      const { cause } = error
      const details = cause instanceof ApplicationFailure ? (cause.details ?? []) : []
      const type = cause instanceof ApplicationFailure && cause.type ? { type: cause.type } : {}
      return { message: cause?.message ?? '', details, ...type }
    },
  )
  const { status } = await job.describe()
  return { status: status.name, ...outcome }
}
