import { DefaultLogger, Runtime } from '@temporalio/worker'
import { lineOf } from './sdk-message.js'

let installed = false

/** Said of each worker that polls activities only, which is what those are for. */
const expected = 'No workflows registered, not polling for workflow tasks'

/** Once a process: signals are ours to handle, and Temporal's own messages go to stderr, warnings and worse only. */
export function installRuntime(): void {
  if (installed) return
  installed = true
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', (entry) => {
      if (entry.message !== expected) process.stderr.write(`${lineOf(entry)}\n`)
    }),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  })
}
