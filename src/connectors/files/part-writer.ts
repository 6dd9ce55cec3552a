import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { TidemarkError } from '../../errors.js'
import type { Json } from '../../json.js'
import type { SinkContext, SinkWriter } from '../../pipeline/sink.js'
import type { FileSystem } from './file-system.js'
import type { Layout } from './layout.js'
import { commitLost, findPart, type PartCommit, publishPart, readPartCommit } from './part-commit.js'
import { formatOpen, formatPart } from './part-name.js'
import { fromSystem, tellingWhere } from './probe-directory.js'

/** Text that is held back before it is written, UTF-16 code units. */
const blockLength = 128 * 1024

interface OpenPart {
  readonly descriptor: number
  readonly path: string
  readonly file: number
  text: string
  bytes: number
  records: number
}

/**
 * One task's way into the directory: `in-progress/` while written, `pending/` from the cut on, and the directory itself
 * once the snapshot exists. A crash leaves the file in progress, which recovery removes, and pending ones, which it
 * commits or sweeps.
 */
export class PartWriter<T> implements SinkWriter<T> {
  readonly #fs: FileSystem
  readonly #layout: Layout
  readonly #context: SinkContext
  readonly #nonce = randomBytes(4).toString('hex')
  readonly #preparing = new Set<Promise<unknown>>()
  #open: OpenPart | undefined
  #parts = 0
  /** Output that could not be made durable is lost to this writer: it must not go on as if it were there. */
  #broken: unknown

  constructor(fs: FileSystem, layout: Layout, context: SinkContext) {
    this.#fs = fs
    this.#layout = layout
    this.#context = context
  }

  write(record: T): void {
    if (this.#broken !== undefined) throw this.#broken
    const line: string | undefined = JSON.stringify(record)
    if (line === undefined) throw new TypeError(`a record of type ${typeof record} cannot be written as JSON`)
    // Opened with the first record, so that a quiet task makes no empty files.
    this.#open ??= this.#openPart()
    const part = this.#open
    part.text += line
    part.text += '\n'
    part.records += 1
    if (part.text.length >= blockLength) this.#writeOut(part)
  }

  async cut(number: number): Promise<readonly PartCommit[]> {
    if (this.#broken !== undefined) throw this.#broken
    const part = this.#open
    if (part === undefined) return []
    // From here on records go to another file. Nothing has been awaited yet.
    this.#open = undefined
    const prepared = tellingWhere('write', part.path, () => this.#prepare(part, number))
    this.#preparing.add(prepared)
    try {
      return [await prepared]
    } catch (error) {
      this.#broken = error
      throw error
    } finally {
      this.#preparing.delete(prepared)
    }
  }

  async commit(commits: readonly Json[]): Promise<void> {
    if (commits.length === 0) return
    await tellingWhere('commit output in', this.#layout.committed, () => this.#publishAll(commits))
  }

  async #publishAll(commits: readonly Json[]): Promise<void> {
    for (const payload of commits) await this.#publish(payload)
    // Also where all was published before: whoever did it may have died before it was durable.
    await this.#fs.syncDirectory(this.#layout.committed)
    await this.#fs.syncDirectory(this.#layout.pending)
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#preparing)
    const part = this.#open
    if (part === undefined) return
    this.#open = undefined
    this.#fs.close(part.descriptor)
    await this.#fs.remove(part.path)
  }

  #openPart(): OpenPart {
    const file = this.#parts
    this.#parts += 1
    const name = formatOpen({ ...this.#context, file, nonce: this.#nonce })
    const path = join(this.#layout.inProgress, name)
    try {
      return { descriptor: this.#fs.openNew(path), path, file, text: '', bytes: 0, records: 0 }
    } catch (error) {
      throw fromSystem('create', path, error)
    }
  }

  #writeOut(part: OpenPart): void {
    const block = Buffer.from(part.text, 'utf8')
    part.text = ''
    part.bytes += block.length
    try {
      this.#fs.append(part.descriptor, block)
    } catch (error) {
      this.#broken = fromSystem('write', part.path, error)
      throw this.#broken
    }
  }

  /** The first part of it runs before anything is awaited, so the file's content is settled when `cut` returns. */
  async #prepare(part: OpenPart, number: number): Promise<PartCommit> {
    const { execution, attempt, task } = this.#context
    const name = formatPart({ number, task, attempt, file: part.file, nonce: this.#nonce, returns: 0, execution })
    try {
      this.#writeOut(part)
      await this.#fs.sync(part.descriptor)
    } finally {
      this.#fs.close(part.descriptor)
    }
    if (!(await this.#fs.move(part.path, join(this.#layout.pending, name)))) {
      throw new TidemarkError(
        'Fenced',
        `The output file ${part.path} was taken away: a newer attempt has recovered it.`,
        {
          path: part.path,
        },
      )
    }
    await this.#fs.syncDirectory(this.#layout.pending)
    await this.#fs.syncDirectory(this.#layout.inProgress)
    return { directory: this.#layout.committed, file: name, bytes: part.bytes, records: part.records }
  }

  async #publish(payload: Json): Promise<void> {
    const commit = readPartCommit(payload)
    if (await publishPart(this.#fs, this.#layout, commit)) return
    switch (await findPart(this.#fs, this.#layout, commit.part)) {
      case 'committed':
        return
      case 'supersededPending':
      case 'supersededCommitted':
        throw new TidemarkError(
          'Fenced',
          `The output file ${commit.file} was superseded: the job has gone on from another snapshot.`,
          { path: join(this.#layout.committed, commit.file) },
        )
      default:
        throw commitLost(this.#layout, commit)
    }
  }
}
