import type { Client } from '@temporalio/client'
import type { Engine } from '../src/engine/engine.js'
import type { Configuration } from '../src/spec/configuration.js'

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
}
