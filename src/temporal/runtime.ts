import { DefaultLogger, Runtime } from '@temporalio/worker'

let installed = false

/** Once a process: signals are ours to handle, and Temporal's own messages go to stderr, warnings and worse only. */
export function installRuntime(): void {
  if (installed) return
  installed = true
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message }) => process.stderr.write(`temporal ${level}: ${message}\n`)),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  })
}
