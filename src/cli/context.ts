import type { Roots } from '../checkpoint-store/index.js'
import type { TidemarkClient } from '../client/index.js'
import type { Configuration } from '../spec/configuration.js'
import type { Terminal } from './terminal.js'

/** What a verb works with. The parts load when they are asked for: `--help` and `config` need none of Temporal. */
export interface Context {
  readonly terminal: Terminal
  /** Of the working directory. From then on stores are reached as it says. */
  configuration(): Promise<Configuration>
  /** Of the configuration. */
  roots(): Promise<Roots>
  /** Runs `work` with a client that is closed afterwards. */
  withClient<T>(work: (client: TidemarkClient) => Promise<T>): Promise<T>
  /** What the process ends with, if not 0. */
  setExitCode(code: number): void
}

/** Where a command is run; by default where this process is. */
export interface Surroundings {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

export function createContext(
  terminal: Terminal,
  setExitCode: (code: number) => void,
  surroundings: Surroundings = {},
): Context {
  const configuration = async () => {
    const [{ loadConfiguration }, { configureStorage }] = await Promise.all([
      import('../spec/configuration.js'),
      import('../storage/index.js'),
    ])
    const loaded = loadConfiguration(surroundings)
    configureStorage(loaded.storage)
    return loaded
  }
  return {
    terminal,
    configuration,
    setExitCode,
    async roots() {
      const { openRoots } = await import('../checkpoint-store/index.js')
      const { checkpointsDir, dataDir } = await configuration()
      return openRoots(checkpointsDir, dataDir)
    },
    async withClient(work) {
      const { taskQueue } = await configuration()
      const { resolveTemporal, TidemarkClient } = await import('../client/index.js')
      const client = await TidemarkClient.connect({ taskQueue, target: resolveTemporal(surroundings.env) })
      try {
        return await work(client)
      } finally {
        await client.close()
      }
    },
  }
}

/** For programs: one JSON value on stdout. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.print(JSON.stringify(value, null, 2))
}
