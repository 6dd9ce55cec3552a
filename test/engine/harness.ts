import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { decodePart, type SnapshotEntry } from '../../src/checkpoint/index.js'
import { joinParts } from '../../src/checkpoint/join-parts.js'
import { executionFolder } from '../../src/checkpoint/paths.js'
import { formatOf } from '../../src/checkpoint/state-handle.js'
import { ExecutionLog, openRoots, type Roots } from '../../src/checkpoint-store/index.js'
import { joinSnapshots } from '../../src/coordinator/joined.js'
import { createEmbeddedHost, type EmbeddedHost, type EmbeddedHostOptions } from '../../src/engine/embedded/index.js'
import type {
  AttemptReference,
  DeployRequest,
  RestoreReference,
  SnapshotRequest,
  SnapshotResult,
} from '../../src/engine/engine.js'
import type { Json } from '../../src/json.js'

export const never: AbortSignal = new AbortController().signal

export function jobFile(name: string): string {
  return fileURLToPath(new URL(`./jobs/${name}`, import.meta.url))
}

/** A directory and a host with it, both gone after `close`. */
export class Bench {
  readonly dir: string
  readonly roots: Roots
  readonly #hosts: EmbeddedHost[] = []

  private constructor(dir: string) {
    this.dir = dir
    this.roots = openRoots(pathToFileURL(join(dir, 'metadata')).href, pathToFileURL(join(dir, 'data')).href)
  }

  static async open(): Promise<Bench> {
    return new Bench(await realpath(await mkdtemp(join(tmpdir(), 'tidemark-engine-'))))
  }

  async host(jobFiles: readonly string[], options: Partial<EmbeddedHostOptions> = {}): Promise<EmbeddedHost> {
    const host = await createEmbeddedHost({ jobFiles: jobFiles.map(jobFile), ...options })
    this.#hosts.push(host)
    return host
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  async lines(name: string, records: readonly unknown[]): Promise<string> {
    await writeFile(this.path(name), records.map((record) => `${JSON.stringify(record)}\n`).join(''))
    return this.path(name)
  }

  /** Committed output in the order of its files' names, which is the order in which it was made. */
  async output<T>(name: string): Promise<T[]> {
    const found = await readdir(this.path(name)).catch(() => [])
    const parts = found.filter((file) => file.startsWith('part-')).sort()
    const texts = await Promise.all(parts.map((part) => readFile(join(this.path(name), part), 'utf8')))
    return texts.flatMap((text) => text.split('\n').filter((line) => line !== '')).map((line) => JSON.parse(line) as T)
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()))
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** What a host contributes to a snapshot, written where others read it. */
export async function takePart(host: EmbeddedHost, request: SnapshotRequest): Promise<SnapshotResult> {
  const { manifest, ...facts } = await host.snapshot(request, never)
  return { part: await host.writePart(request, manifest), ...facts }
}

export interface RunOptions {
  readonly definition: string
  readonly args: Json
  readonly job?: string
  readonly execution?: string
  readonly parallelism?: number
  readonly incremental?: boolean
  /** Bytes; here every state has a file by default. */
  readonly inlineThreshold?: number
  readonly allowNonRestoredState?: boolean
  readonly restore?: SnapshotEntry
}

/** One execution of a job, driven as the workflow drives it: a claim, attempts, snapshots published to the real log. */
export class Run {
  readonly bench: Bench
  readonly log: ExecutionLog
  readonly #options: RunOptions
  host: EmbeddedHost
  claim = 0
  attempt = 0
  newest = 0
  confirmed: SnapshotEntry | undefined
  /** What the execution itself began from. */
  readonly restoredFrom: SnapshotEntry | undefined

  constructor(bench: Bench, host: EmbeddedHost, options: RunOptions) {
    this.bench = bench
    this.host = host
    this.#options = options
    this.restoredFrom = options.restore
    this.newest = options.restore?.number ?? 0
    this.log = new ExecutionLog(bench.roots, options.job ?? options.definition, options.execution ?? 'execution-1')
  }

  get folder(): string {
    return executionFolder(this.log.job, this.log.execution)
  }

  get reference(): AttemptReference {
    const { job, execution } = this.log
    return { job, execution, claim: this.claim, attempt: this.attempt }
  }

  /** Takes ownership of the log under the next number. */
  async own(): Promise<void> {
    const { job, execution } = this.log
    const roots = { metadata: this.bench.roots.metadata.uri, data: this.bench.roots.data.uri }
    const from = this.restoredFrom
    await this.log.create({
      formatVersion: 1,
      state: 'live',
      job,
      execution,
      definition: this.#options.definition,
      policy: 'RETAIN_ON_CANCELLATION',
      roots,
      createdAt: '2026-01-01T00:00:00.000Z',
      ...(from && { restoredFrom: { ...this.restoreReference(from), claimMode: 'NO_CLAIM', ancestry: from.ancestry } }),
    })
    this.claim = ++this.newest
    await this.#append({ kind: 'claim', nonce: `claim-${this.claim}` })
  }

  request(overrides: Partial<DeployRequest> = {}): DeployRequest {
    const {
      definition,
      args,
      parallelism = 1,
      incremental = true,
      inlineThreshold = 0,
      allowNonRestoredState = false,
    } = this.#options
    const restore = this.confirmed ?? this.restoredFrom
    return {
      ...this.reference,
      definition,
      args,
      parallelism,
      roots: { metadata: this.bench.roots.metadata.uri, data: this.bench.roots.data.uri },
      incremental,
      inlineThreshold,
      allowNonRestoredState,
      output: { ancestry: restore?.ancestry ?? [], closedExecutions: [] },
      allowedDirs: [pathToFileURL(this.bench.dir).href],
      ...(restore && { restore: this.restoreReference(restore) }),
      ...overrides,
    }
  }

  /** The next attempt, from the last confirmed snapshot. */
  async deploy(overrides: Partial<DeployRequest> = {}) {
    if (this.claim === 0) await this.own()
    this.attempt += 1
    return this.host.deploy(this.request(overrides), never)
  }

  snapshot(number = this.newest + 1): Promise<SnapshotResult> {
    const base = this.confirmed === undefined ? {} : { base: this.confirmed.number }
    return takePart(this.host, { ...this.reference, number, ...base })
  }

  /** The commit point: after it the snapshot exists. */
  publish(result: SnapshotResult, number = this.newest + 1): Promise<SnapshotEntry> {
    return this.publishAll([result], number)
  }

  /** The same with what several hosts have contributed. */
  async publishAll(results: readonly SnapshotResult[], number = this.newest + 1): Promise<SnapshotEntry> {
    const { parts, final } = joinSnapshots(results)
    const read = parts.map((part) => this.bench.roots.metadata.read(`${this.folder}/${part.path}`))
    const manifests = (await Promise.all(read)).map((bytes) => decodePart(bytes))
    const tasks = manifests.reduce((sum, manifest) => sum + manifest.tasks.length, 0)
    const part = joinParts(manifests, tasks)
    this.newest = number
    const entry = await this.#append({
      kind: 'checkpoint',
      formatVersion: formatOf(part.tasks),
      nonce: `checkpoint-${number}`,
      attempt: this.attempt,
      triggeredAt: '2026-01-01T00:00:00.000Z',
      completedAt: '2026-01-01T00:00:01.000Z',
      definition: part.definition,
      spec: {},
      parallelism: part.tasks.length,
      operators: part.operators,
      tasks: part.tasks,
      ...(part.parent !== undefined && { parent: part.parent }),
      final,
      statistics: [],
    })
    this.confirmed = entry as SnapshotEntry
    return this.confirmed
  }

  /** Gives the next number up, as the workflow does with a snapshot that failed. */
  async abort(): Promise<void> {
    this.newest += 1
    await this.#append({ kind: 'aborted', nonce: `aborted-${this.newest}`, reason: 'it failed' })
  }

  /** A whole checkpoint: cut, publish, commit. */
  async checkpoint(): Promise<SnapshotEntry> {
    const entry = await this.publish(await this.snapshot())
    await this.commit(entry.number)
    return entry
  }

  commit(number: number): Promise<void> {
    return this.host.commit({ ...this.reference, number })
  }

  watch(signal: AbortSignal = never) {
    return this.host.watch(this.reference, () => {}, signal)
  }

  /** Resolves once so many more records are read; fails where the job ends before. */
  async moreRecords(count: number): Promise<void> {
    const stop = new AbortController()
    let first: number | undefined
    const outcome = await this.host
      .watch(
        this.reference,
        ({ records }) => {
          first ??= records
          if (records >= first + count) stop.abort()
        },
        stop.signal,
      )
      .catch((error) => {
        if (!stop.signal.aborted) throw error
      })
    if (outcome !== undefined) throw new Error(`the job ended: ${JSON.stringify(outcome)}`)
  }

  /** Until all input is read, then a last checkpoint. */
  async finish(): Promise<SnapshotEntry> {
    const outcome = await this.watch()
    if (outcome.kind === 'failed') throw new Error(outcome.error)
    const entry = await this.checkpoint()
    await this.host.stop(this.reference)
    return entry
  }

  restoreReference(entry: SnapshotEntry): RestoreReference {
    const { job, execution, number } = entry
    return { job, execution, number, uri: `${this.bench.roots.metadata.uri}/${job}/${execution}/chk-${number}` }
  }

  async #append(kind: object) {
    const { job, execution } = this.log
    const snapshot = 'tasks' in kind
    const inherited = (this.confirmed ?? this.restoredFrom)?.ancestry ?? []
    const alive = this.confirmed?.execution === execution ? this.confirmed.alive : []
    const entry = {
      formatVersion: 1,
      job,
      execution,
      number: this.newest,
      owner: { claim: this.claim, run: 'run-1' },
      at: '2026-01-01T00:00:00.000Z',
      alive: snapshot ? [...alive, this.newest] : alive,
      ancestry: snapshot
        ? [...inherited.filter((link) => link.execution !== execution), { execution, through: this.newest }]
        : inherited,
      committedThrough: 0,
      ...kind,
    } as SnapshotEntry
    const outcome = await this.log.append(entry)
    if (outcome.outcome !== 'appended') throw new Error(`entry ${entry.number}: ${outcome.outcome}`)
    return entry
  }
}
