import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { joinUri, normalizeUri, openStorage, type Storage } from '../../src/storage/index.js'
import { type DevServer, startDevServer } from '../../src/temporal/dev-server.js'
import { prepare } from '../flight-delays/prepare.js'
import { type DemoStorage, type StorageKind, startStorage } from './storage.js'
import { WorkerProcess } from './worker-process.js'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const cli = join(repository, 'dist/src/cli/main.js')
const definition = join(repository, 'examples/flight-delays/flight-delays.ts')

/** The worker reads it from its working directory. */
function configurationOf({ checkpointsDir, configuration }: DemoStorage): string {
  const keys = { 'state.checkpoints.dir': checkpointsDir, ...configuration, 'tidemark.allowed-dirs': '[output]' }
  const lines = Object.entries(keys).map(([key, value]) => `${key}: ${value}\n`)
  return `# The demo's installation.\n${lines.join('')}`
}

/** All that the story happens on: a fresh directory, a Temporal server, a client, and one worker at a time. */
export class Stage {
  /** Fresh, below `.demo/`. */
  readonly directory: string
  readonly input: string
  readonly flights: number
  readonly server: DevServer
  readonly client: Client
  readonly storage: DemoStorage
  #worker: WorkerProcess | undefined
  #workers = 0

  private constructor(directory: string, flights: number, server: DevServer, client: Client, storage: DemoStorage) {
    this.storage = storage
    this.directory = directory
    this.input = inputOf(directory)
    this.flights = flights
    this.server = server
    this.client = client
  }

  static async open(kind: StorageKind, log: (line: string) => void): Promise<Stage> {
    const time = new Date().toISOString().replaceAll(/[-:]|\..*/g, '')
    mkdirSync(join(repository, '.demo'), { recursive: true })
    const directory = mkdtempSync(join(repository, '.demo', `${time}-`))
    writeFileSync(join(directory, 'temporal.toml'), '[profile.default]\n')
    const flights = prepare(inputOf(directory))
    const storage = await startStorage(kind, log)
    let server: DevServer | undefined
    try {
      writeFileSync(join(directory, 'tidemark.yaml'), configurationOf(storage))
      server = await startDevServer({ log })
      const connection = await Connection.connect({ address: server.address })
      return new Stage(directory, flights, server, new Client({ connection }), storage)
    } catch (error) {
      await server?.stop()
      await storage.close()
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
  executionFolder(job: string, execution: string): Storage {
    return openStorage(joinUri(this.jobFolder(job).uri, execution))
  }

  /** Where the checkpoints of all executions of a job lie. */
  jobFolder(job: string): Storage {
    return openStorage(joinUri(normalizeUri(this.storage.checkpointsDir, this.directory), job))
  }

  outputFolder(job: string): string {
    return join(this.directory, 'output', job)
  }

  /** A path or URI as the reader of the story can use it. */
  show(place: string): string {
    if (!place.startsWith('file:') && place.includes('://')) return place
    return relative(process.cwd(), place.startsWith('file:') ? fileURLToPath(place) : place)
  }

  /** Leaves the directory and nothing else. Idempotent. */
  async close(): Promise<void> {
    await this.#worker?.stop()
    await this.client.connection.close()
    await this.server.stop()
    await this.storage.close()
  }
}

function inputOf(directory: string): string {
  return join(directory, 'flights.ndjson')
}
