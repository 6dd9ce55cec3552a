import { Command } from 'commander'
import { TidemarkError } from '../../errors.js'
import type { DevServer } from '../../temporal/dev-server.js'
import type { TemporalTarget } from '../../temporal/target.js'
import type { Context } from '../context.js'
import { interruptible } from '../interrupt.js'
import { UsageError } from '../usage-error.js'
import { checkJobFiles, untilInterrupted } from './work.js'

interface DevOptions {
  readonly port?: string
  readonly uiPort?: string
  readonly db?: string
  readonly headless?: boolean
}

/** Temporal's own, so that every tool finds the server without being told. */
const usualPorts = { server: 7233, ui: 8233 }

export function devCommand(context: Context): Command {
  return new Command('dev')
    .description('run jobs here, with a Temporal server of their own unless the environment names one')
    .argument('<jobfiles...>', 'files that export what defineJob(...) returns')
    .option('--port <port>', `of the Temporal server; default ${usualPorts.server}, 0 = any`)
    .option('--ui-port <port>', `of its Web UI; default ${usualPorts.ui}, 0 = any`)
    .option('--db <file>', 'keep the state of the server there; default: in memory')
    .option('--headless', 'without the Web UI')
    .action((files: readonly string[], options: DevOptions) =>
      interruptible(async (interrupted) => {
        const jobFiles = checkJobFiles(files)
        const configuration = await context.configuration()
        const { terminal } = context
        const log = (line: string) => terminal.warn(line)
        terminal.showStatus('Starting Temporal...')
        const { server, target } = await openServer(options, log)
        try {
          terminal.showStatus('Loading the jobs...')
          const { startTidemarkWorker } = await import('../../temporal/worker.js')
          const worker = await startTidemarkWorker({ target, configuration, jobFiles, log })
          terminal.clearStatus()
          const names = worker.definitions.map(({ name }) => name)
          terminal.print(readyLine(target, server, names), ...hints(server, names))
          await untilInterrupted(context, worker, interrupted, server && endOf(server, interrupted))
        } finally {
          await server?.stop()
        }
      }),
    )
}

async function openServer(
  options: DevOptions,
  log: (line: string) => void,
): Promise<{ readonly server?: DevServer; readonly target: TemporalTarget }> {
  const { isTemporalConfigured, plainTarget, resolveTemporal } = await import('../../temporal/target.js')
  if (isTemporalConfigured()) {
    const target = resolveTemporal()
    const [own] = Object.keys(options)
    if (own === undefined) return { target }
    const flag = own === 'uiPort' ? '--ui-port' : `--${own}`
    throw new UsageError(
      `${flag} is for a server of our own, but ${target.origin} names one: leave out the one or the other.`,
    )
  }
  const { startDevServer } = await import('../../temporal/dev-server.js')
  const server = await startDevServer({
    port: readPort('--port', options.port, usualPorts.server),
    uiPort: readPort('--ui-port', options.uiPort, usualPorts.ui),
    headless: options.headless ?? false,
    ...(options.db !== undefined && { db: options.db }),
    log,
  })
  return { server, target: plainTarget(server.address, server.namespace) }
}

function readPort(flag: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new UsageError(`${flag} must be a port, 0 to 65535, not "${text}".`)
}

function readyLine(target: TemporalTarget, server: DevServer | undefined, names: readonly string[]): string {
  const ui = server?.uiUrl === undefined ? '' : `, Web UI at ${server.uiUrl}`
  return `ready: Temporal at ${target.address}${ui}, jobs: ${names.join(', ')}`
}

function hints(server: DevServer | undefined, names: readonly string[]): string[] {
  const usual = server === undefined || server.address === `127.0.0.1:${usualPorts.server}`
  const address = usual ? '' : `TEMPORAL_ADDRESS=${server.address} `
  return [`Start one from another terminal: ${address}npx tidemark run ${names[0]}`, 'Ctrl-C stops.']
}

/** Rejects when the server ends and nobody asked for it. */
async function endOf(server: DevServer, interrupted: AbortSignal): Promise<void> {
  await server.exited
  if (interrupted.aborted) return
  throw new TidemarkError('TemporalUnreachable', 'The Temporal server has ended by itself: start "tidemark dev" again.')
}
