import type { Client } from '@temporalio/client'
import type { AttemptReference, Engine, Progress } from '../src/engine/engine.js'
import type { LogThread } from '../src/log-thread/index.js'
import type { Configuration } from '../src/spec/configuration.js'
import type { HostBeat } from '../src/temporal/host-messages.js'
import type { Tidying } from './tidying.js'

/** What storage activities work with. */
export interface StorageDependencies {
  readonly configuration: Configuration
  readonly client: Client
  /** Whether our search attributes are registered on this Temporal server. */
  readonly searchAttributes: boolean
}

/** What activities of a task host work with. */
export interface HostDependencies {
  readonly configuration: Configuration
  readonly engine: Engine
  readonly presence: Presence
  readonly tidying: Tidying
  readonly logThread: LogThread
  readonly whereabouts: Whereabouts
}

/** Which workflows run in this process. */
export interface Whereabouts {
  /** Whether run `run` asked for checkpoint `number` from here. */
  askedHere(run: string, number: number): boolean
}

/** This host as `taskHost` and people see it. */
export interface Presence {
  /** What the next heartbeat says. */
  beat(): HostBeat
  /** Somebody asks for heartbeats; the result lets go. */
  hold(): () => void
  /** Resolves when this host is being shut down and nothing runs on it any more. */
  readonly left: Promise<void>
  /** What a job's tasks have done. */
  note(reference: AttemptReference, progress: Progress): void
  /** Tells `taskHost` what has changed. Resolves when it knows, or soon where it cannot be told; never rejects. */
  report(): Promise<void>
}
