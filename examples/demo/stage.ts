import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { type DevServer, startDevServer } from '../../src/temporal/dev-server.js'
import { prepare } from '../flight-delays/prepare.js'
import { WorkerProcess } from './worker-process.js'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const cli = join(repository, 'dist/src/cli/main.js')
const definition = join(repository, 'examples/flight-delays/flight-delays.ts')

const configuration = `# The demo's installation: the worker reads it from its working directory.
state.checkpoints.dir: checkpoints
tidemark.allowed-dirs: [output]
`

/** All that the story happens on: a fresh directory, a Temporal server, a client, and one worker at a time. */
export class Stage {
  /** Fresh, below `.demo/`. */
  readonly directory: string
  readonly input: string
  readonly flights: number
  readonly server: DevServer
  readonly client: Client
  #worker: WorkerProcess | undefined
  #workers = 0

  private constructor(directory: string, flights: number, server: DevServer, client: Client) {
    this.directory = directory
    this.input = inputOf(directory)
    this.flights = flights
    this.server = server
    this.client = client
  }

  static async open(log: (line: string) => void): Promise<Stage> {
    const time = new Date().toISOString().replaceAll(/[-:]|\..*/g, '')
    mkdirSync(join(repository, '.demo'), { recursive: true })
    const directory = mkdtempSync(join(repository, '.demo', `${time}-`))
    writeFileSync(join(directory, 'tidemark.yaml'), configuration)
    writeFileSync(join(directory, 'temporal.toml'), '[profile.default]\n')
    const flights = prepare(inputOf(directory))
    const server = await startDevServer({ log })
    try {
      const connection = await Connection.connect({ address: server.address })
      return new Stage(directory, flights, server, new Client({ connection }))
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  get worker(): WorkerProcess {
    if (!this.#worker) throw new Error('No worker has been started.')
    return this.#worker
  }

  /** Answers its process id once it takes jobs. */
  async startWorker(): Promise<number> {
    this.#workers += 1
    const name = `worker-${this.#workers}`
    this.#worker = await WorkerProcess.start(name, [cli, 'worker', definition], this.directory, this.server.address)
    return this.#worker.ready()
  }

  /** Where the checkpoints of one execution of a job lie. */
  executionFolder(job: string, execution: string): string {
    return join(this.directory, 'checkpoints', job, execution)
  }

  outputFolder(job: string): string {
    return join(this.directory, 'output', job)
  }

  /** A path as the reader of the story can use it. */
  show(path: string): string {
    return relative(process.cwd(), path)
  }

  /** Leaves the directory and nothing else. Idempotent. */
  async close(): Promise<void> {
    await this.#worker?.stop()
    await this.client.connection.close()
    await this.server.stop()
  }
}

function inputOf(directory: string): string {
  return join(directory, 'flights.ndjson')
}
