import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import type { Client } from '@temporalio/client'
import type { Presence } from '../../activities/dependencies.js'
import type { EmbeddedHost } from '../engine/embedded/index.js'
import type { AttemptReference, Progress } from '../engine/engine.js'
import { messageOf } from '../errors.js'
import type { Configuration } from '../spec/configuration.js'
import { forgetWorker } from './forget-worker.js'
import {
  type HostBeat,
  type HostedAttempt,
  type HostReport,
  hostReportName,
  hostWorkflowId,
  type TaskHostInput,
} from './host-messages.js'

/** Longest that `deploy` waits for its report, milliseconds: a job must run even where `taskHost` cannot. */
const reportWithin = 2_000

/** Jobs that a heartbeat repeats: a bound on its size. */
const beatenJobs = 200

export interface HostPresenceOptions {
  readonly client: Client
  readonly engine: EmbeddedHost
  readonly configuration: Configuration
  readonly log: (line: string) => void
}

/**
 * This process as others see it: its workflow `taskHost` is there, knows what runs here, and is begun again where it is gone. All
 * of it is for noticing a loss soon and for people; nothing that a job needs waits for it.
 */
export class HostPresence implements Presence {
  readonly left: Promise<void>
  readonly #options: HostPresenceOptions
  /** What `taskHost` was told last and has taken. */
  #told = new Map<string, HostedAttempt>()
  readonly #progress = new Map<string, { readonly attempt: number; readonly progress: Progress }>()
  #sending: Promise<void> | undefined
  readonly #since = new Date().toISOString()
  #holders = 0
  /** When the last one let go, by the monotonic clock. */
  #unheldSince = performance.now()
  #watchdog: NodeJS.Timeout | undefined
  /** Whether `taskHost` has taken a report since it was last offered to all workers: each has it stay with the worker that took it. */
  #isKept = false
  #closed = false
  #failing = false
  #leave: () => void = () => {}

  constructor(options: HostPresenceOptions) {
    this.#options = options
    this.left = new Promise((resolve) => {
      this.#leave = resolve
    })
  }

  /** Begins `taskHost`, and again whenever nobody has asked for a heartbeat for twice as long as makes a loss. */
  begin(): void {
    const patience = 2 * this.#options.configuration.heartbeatTimeoutMs
    const look = () => {
      this.#offerToAll()
      if (this.#holders > 0 || performance.now() - this.#unheldSince < patience) return
      this.#unheldSince = performance.now()
      void this.#send({ complete: true })
    }
    void this.#send({ complete: true })
    this.#watchdog = setInterval(look, this.#options.configuration.heartbeatIntervalMs)
    this.#watchdog.unref()
  }

  hold(): () => void {
    this.#holders++
    // Whoever begins to hold may have thought this host lost, and have forgotten what runs here.
    void this.#send({ complete: true })
    return () => {
      this.#holders--
      this.#unheldSince = performance.now()
    }
  }

  beat(): HostBeat {
    void this.report()
    const { engine } = this.#options
    const jobs = this.#running().slice(0, beatenJobs)
    return {
      freeSlots: engine.freeSlots(),
      jobs: jobs.map((one) => {
        const known = this.#progress.get(keyOf(one))
        const progress = known?.attempt === one.attempt ? known.progress : undefined
        const { records = 0, rate = 0, emitted = 0, state = 'running' } = progress ?? {}
        return { ...one, records, rate, emitted, state }
      }),
    }
  }

  note(reference: AttemptReference, progress: Progress): void {
    this.#progress.set(keyOf(reference), { attempt: reference.attempt, progress })
  }

  async report(): Promise<void> {
    if (this.#isTold()) return
    await this.#send({ complete: false })
  }

  /** Has `taskHost` end. Nothing is reported any more. */
  async leave(): Promise<void> {
    this.#closed = true
    clearInterval(this.#watchdog)
    await this.#sending
    this.#leave()
  }

  /** One report at a time; whoever asks meanwhile waits for the next, which has everything. Never rejects. */
  async #send({ complete }: { readonly complete: boolean }): Promise<void> {
    while (this.#sending !== undefined) await this.#sending
    if (this.#closed || (!complete && this.#isTold())) return
    this.#sending = this.#deliver(complete)
    await this.#sending
    this.#sending = undefined
  }

  async #deliver(complete: boolean): Promise<void> {
    const { client, engine, configuration, log } = this.#options
    const running = this.#running()
    const now = new Map(running.map((one) => [keyOf(one), one]))
    const isNew = (one: HostedAttempt) => !isSame(this.#told.get(keyOf(one)), one)
    const report: HostReport = {
      complete,
      started: complete ? running : running.filter(isNew),
      ended: complete ? [] : [...this.#told.values()].filter((one) => !now.has(keyOf(one))),
      freeSlots: engine.freeSlots(),
    }
    const input: TaskHostInput = {
      host: engine.host,
      machine: hostname(),
      pid: process.pid,
      since: this.#since,
      tidemark: version,
      slots: configuration.slots,
      definitions: engine.definitions.map(({ name, version, build }) => ({ name, version, build })),
      heartbeatTimeoutMs: configuration.heartbeatTimeoutMs,
      jobs: running,
      freeSlots: report.freeSlots,
    }
    try {
      await client.withDeadline(Date.now() + reportWithin, () =>
        // Where it is gone, be it that Temporal has forgotten everything, this begins it again.
        client.workflow.signalWithStart('taskHost', {
          workflowId: hostWorkflowId(engine.host),
          taskQueue: configuration.taskQueue,
          args: [input],
          signal: hostReportName,
          signalArgs: [report],
          staticSummary: input.definitions.map(({ name }) => name).join(', '),
        }),
      )
      this.#told = now
      this.#isKept = true
      this.#failing = false
    } catch (error) {
      if (!this.#failing) log(`Temporal was not told what runs on host ${engine.host}: ${messageOf(error)}`)
      this.#failing = true
    }
  }

  /**
   * `taskHost` is needed most when this process is gone, and then must not wait until Temporal has found out that the worker that had it in
   * memory does not answer. Best effort: then it waits.
   */
  #offerToAll(): void {
    const { client, engine } = this.#options
    if (this.#sending !== undefined || !this.#isKept) return
    this.#isKept = false
    const asking = client.withDeadline(Date.now() + reportWithin, () =>
      forgetWorker(client, hostWorkflowId(engine.host)),
    )
    asking.catch(() => undefined)
  }

  #running(): HostedAttempt[] {
    const { engine } = this.#options
    const kept = engine.kept().map((room) => ({ ...attemptOf(room), kept: true as const }))
    const all = [...kept, ...engine.jobs().map(attemptOf)]
    return [...new Map(all.map((one) => [keyOf(one), one])).values()]
  }

  #isTold(): boolean {
    const running = this.#running()
    return running.length === this.#told.size && running.every((one) => isSame(this.#told.get(keyOf(one)), one))
  }
}

const { version }: { readonly version: string } = createRequire(import.meta.url)('tidemark/package.json')

function attemptOf({ job, execution, attempt, definition, tasks }: HostedAttempt): HostedAttempt {
  return { job, execution, attempt, definition, tasks }
}

function isSame(told: HostedAttempt | undefined, { attempt, kept }: HostedAttempt): boolean {
  return told?.attempt === attempt && told.kept === kept
}

function keyOf({ job, execution }: Pick<HostedAttempt, 'job' | 'execution'>): string {
  return `${job}/${execution}`
}
