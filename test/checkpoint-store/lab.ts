import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type Ancestry, extendAncestry } from '../../src/checkpoint/ancestry.js'
import type { AbortedEntry, ClaimEntry, ClosedEntry, LogEntry, SnapshotEntry } from '../../src/checkpoint/entry.js'
import type { ExecutionRecord, RestoredFrom } from '../../src/checkpoint/execution-record.js'
import { stateFilePath } from '../../src/checkpoint/paths.js'
import {
  formatOf,
  type InlineStateHandle,
  type StateFileHandle,
  type StateHandle,
} from '../../src/checkpoint/state-handle.js'
import { ExecutionLog, type Roots } from '../../src/checkpoint-store/index.js'
import type { RestoreReference } from '../../src/engine/engine.js'
import { FileStorage } from '../../src/storage/file/file-storage.js'
import type { FileSystem } from '../../src/storage/file/file-system.js'
import { losingDisk } from '../storage/losing-disk.js'
import { memoryFileSystem } from '../storage/memory-file-system.js'
import { unsyncedFileSystem } from '../storage/stepping-file-system.js'
import { temporaryDirectory } from '../storage/temporary-directory.js'

export const job = 'flights'

/** A checkpoint directory on a real disk, seen by any number of processes: each is a `Lab` with a file system of its own. */
export class Lab {
  readonly directory: string
  readonly roots: Roots
  readonly apart: boolean
  readonly fs: FileSystem

  /** What was not synced is gone. Only where the disk can do so. */
  readonly cutPower: (() => void) | undefined

  constructor(directory: string, apart: boolean, fs: FileSystem, cutPower?: () => void) {
    this.cutPower = cutPower
    this.directory = directory
    this.apart = apart
    this.fs = fs
    const metadata = new FileStorage(join(directory, 'metadata'), fs)
    this.roots = { metadata, data: apart ? new FileStorage(join(directory, 'data'), fs) : metadata }
  }

  /** @param apart whether state files have a root of their own */
  static async open(apart = false): Promise<Lab> {
    return new Lab(await temporaryDirectory(), apart, unsyncedFileSystem)
  }

  /** On a disk in memory: for tests that take thousands of steps. */
  static async inMemory(apart = false): Promise<Lab> {
    return new Lab('/lab', apart, memoryFileSystem())
  }

  /** On a disk in memory that can lose its power. */
  static async losing(apart = false): Promise<Lab> {
    const { fs, cutPower } = losingDisk()
    return new Lab('/lab', apart, fs, cutPower)
  }

  /** The same disk as another process sees it. */
  through(fs: FileSystem): Lab {
    return new Lab(this.directory, this.apart, fs, this.cutPower)
  }

  log(execution = 'e1'): ExecutionLog {
    return new ExecutionLog(this.roots, job, execution)
  }

  record(execution = 'e1', more: Partial<ExecutionRecord> = {}): ExecutionRecord {
    return {
      formatVersion: 1,
      state: 'live',
      job,
      execution,
      definition: 'flights',
      policy: 'RETAIN_ON_CANCELLATION',
      roots: { metadata: this.roots.metadata.uri, data: this.roots.data.uri },
      createdAt: '2026-01-01T00:00:00.000Z',
      ...more,
    }
  }

  /** Names of all files, `metadata/...` and `data/...`. */
  async files(): Promise<string[]> {
    const names = (await this.roots.metadata.list('')).map((object) => `metadata/${object.name}`)
    if (this.apart) names.push(...(await this.roots.data.list('')).map((object) => `data/${object.name}`))
    return names
  }

  /** Writes a state file as an engine would, and answers its handle. */
  async stateFile(
    number: number,
    options: { execution?: string; shared?: boolean; content?: string } = {},
  ): Promise<StateFileHandle> {
    const { execution = 'e1', shared = false, content = `state of ${number}` } = options
    const path = stateFilePath({
      number,
      attempt: 0,
      task: 0,
      operator: 'op',
      nonce: content.length.toString(36),
      shared,
    })
    const bytes = Buffer.from(content)
    await this.roots.data.write(`${job}/${execution}/${path}`, bytes)
    return {
      operator: 'op',
      root: 'data',
      path,
      checksum: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      ...describing(number, bytes),
    }
  }

  /** State that lies in the metadata. */
  inlineState(number: number, content = `state in chk-${number}`): InlineStateHandle {
    const bytes = Buffer.from(content)
    return { operator: 'op', inline: bytes.toString('base64'), ...describing(number, bytes) }
  }

  reference(number: number, execution = 'e1'): RestoreReference {
    return { job, execution, number, uri: `${this.roots.metadata.uri}/${job}/${execution}/chk-${number}` }
  }
}

function describing(number: number, { length }: Buffer) {
  const scope = { kind: 'job' } as const
  return {
    size: length,
    codec: 'test.v1',
    mode: 'full',
    number,
    keyGroups: { from: 0, to: 127 },
    scope,
    entries: 1,
  } as const
}

interface EntryOptions {
  readonly execution?: string
  /** The run that owns; its claim is `claim`. */
  readonly run?: string
  readonly claim?: number
  readonly alive?: readonly number[]
  readonly committedThrough?: number
  readonly ancestry?: Ancestry
  readonly nonce?: string
}

function common(number: number, options: EntryOptions) {
  const { execution = 'e1', run = 'run-a', claim = 1, alive = [], committedThrough = number } = options
  return {
    formatVersion: 1,
    job,
    execution,
    number,
    owner: { claim, run },
    nonce: options.nonce ?? `${run}-${number}`,
    at: '2026-01-01T00:00:00.000Z',
    alive,
    ancestry: options.ancestry ?? [],
    committedThrough,
  } as const
}

export function claim(number: number, options: EntryOptions = {}): ClaimEntry {
  return { ...common(number, { ...options, claim: number }), kind: 'claim' }
}

export function aborted(number: number, options: EntryOptions = {}): AbortedEntry {
  return { ...common(number, options), kind: 'aborted', reason: 'timed out' }
}

export function closed(number: number, options: EntryOptions & Partial<Pick<ClosedEntry, 'ending'>> = {}): ClosedEntry {
  return {
    ...common(number, options),
    kind: 'closed',
    ending: options.ending ?? 'CANCELED',
    reason: 'cancel',
    by: 'owner',
  }
}

export function checkpoint(
  number: number,
  options: EntryOptions & { state?: readonly StateHandle[]; kind?: SnapshotEntry['kind'] } = {},
): SnapshotEntry {
  const execution = options.execution ?? 'e1'
  const tasks = [{ task: 0, splits: [], state: options.state ?? [], commits: [], recordsRead: number * 10 }]
  return {
    ...common(number, { alive: [number], ancestry: extendAncestry([], execution, number), ...options }),
    formatVersion: formatOf(tasks),
    kind: options.kind ?? 'checkpoint',
    attempt: 0,
    triggeredAt: '2026-01-01T00:00:00.000Z',
    completedAt: '2026-01-01T00:00:01.000Z',
    definition: { name: 'flights', version: '1', build: 'b' },
    spec: {},
    parallelism: 1,
    operators: [{ id: 'op', role: 'stateful', stateVersion: 1 }],
    tasks,
    final: false,
    statistics: [],
  }
}

/** Publication as its owner identifies it. */
export function publicationOf(entry: LogEntry) {
  return { owner: entry.owner, nonce: entry.nonce }
}

export function restoredFrom(reference: RestoreReference, ancestry: Ancestry = []): RestoredFrom {
  return { ...reference, claimMode: 'NO_CLAIM', ancestry }
}

/** An execution with a claim and these checkpoints, each with a state file of its own and `retained` kept. */
export async function run(
  lab: Lab,
  numbers: readonly number[],
  options: { execution?: string; retained?: number; record?: Partial<ExecutionRecord> } = {},
): Promise<void> {
  const { execution = 'e1', retained = 1 } = options
  const log = lab.log(execution)
  const record = await log.create(lab.record(execution, options.record))
  const first = (record.restoredFrom?.number ?? 0) + 1
  await append(log, claim(first, { execution, committedThrough: 0 }))
  let alive: number[] = []
  for (const number of numbers) {
    const handle = await lab.stateFile(number, { execution })
    await lab.roots.metadata.write(`${job}/${execution}/chk-${number}/part-0-h.json`, Buffer.from('a part'))
    alive = [...alive, number].slice(-retained)
    await append(log, checkpoint(number, { execution, claim: first, alive, state: [handle] }))
  }
}

export async function append(log: ExecutionLog, entry: LogEntry): Promise<void> {
  const { outcome } = await log.append(entry)
  if (outcome !== 'appended') throw new Error(`entry ${entry.number} was ${outcome}`)
}
