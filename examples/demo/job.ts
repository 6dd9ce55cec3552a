import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import type { Storage } from '../../src/storage/index.js'
import type { Stage } from './stage.js'
import { until } from './until.js'

/** The part of the query `status` that the demo reads. */
export interface Status {
  readonly state: string
  readonly attempt: number
}

export interface JobOptions {
  /** Flights a second. */
  readonly rate: number
  /** A checkpoint's directory. */
  readonly restoreFrom?: string
}

export type JobHandle = WorkflowHandleWithFirstExecutionRunId

/** One execution of a job, started as any program in any language would: workflow type, id and JSON. */
export class Job {
  readonly handle: JobHandle
  /** The directory of its checkpoints. */
  readonly folder: Storage
  readonly output: string
  /** Its page in the Web UI. */
  readonly url: string

  private constructor(stage: Stage, handle: JobHandle) {
    const { workflowId, firstExecutionRunId } = handle
    this.handle = handle
    this.folder = stage.executionFolder(workflowId, firstExecutionRunId)
    this.output = stage.outputFolder(workflowId)
    this.url = `${stage.server.uiUrl}/namespaces/default/workflows/${workflowId}/${firstExecutionRunId}/timeline`
  }

  static async start(stage: Stage, id: string, { rate, restoreFrom }: JobOptions): Promise<Job> {
    const handle = await stage.client.workflow.start('streamJob', {
      workflowId: id,
      taskQueue: 'tidemark',
      staticSummary: `delays of real flights by airport, ${rate} flights a second${restoreFrom === undefined ? '' : ', resumed'}`,
      args: [
        {
          definition: 'flight-delays',
          args: { input: stage.input, output: stage.outputFolder(id), rate },
          checkpointing: { interval: '1s', numRetained: 5 },
          restartStrategy: { type: 'fixed-delay', attempts: 3, delay: '500ms' },
          ...(restoreFrom !== undefined && { restore: { from: restoreFrom } }),
        },
      ],
    })
    return new Job(stage, handle)
  }

  get id(): string {
    return this.handle.workflowId
  }

  get execution(): string {
    return this.handle.firstExecutionRunId
  }

  /** Resolves when the attempt runs. While no worker is up, nobody answers a query. */
  async untilRunning(attempt: number): Promise<void> {
    await until(`attempt ${attempt} of ${this.id} to run`, async () => {
      const status = await this.handle.query<Status>('status').catch(() => undefined)
      return status?.attempt === attempt && status.state === 'RUNNING' ? status : undefined
    })
  }
}
