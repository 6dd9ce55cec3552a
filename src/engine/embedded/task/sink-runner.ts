import type { PreparedCommit } from '../../../checkpoint/entry.js'
import { messageOf } from '../../../errors.js'
import type { Json } from '../../../json.js'
import type { SinkNode } from '../../../pipeline/graph.js'
import type { SinkContext, SinkWriter } from '../../../pipeline/sink.js'
import { failure } from './failures.js'

/**
 * One sink in one task: what was prepared at which cut, until its commit is done. A commit that nobody asked for yet is carried again by
 * every later snapshot, so that a snapshot alone is enough to finish it.
 */
export class SinkRunner {
  readonly id: string
  readonly #node: SinkNode
  readonly #writer: SinkWriter<unknown>
  #cuts: { readonly number: number; readonly commits: Promise<readonly Json[]> }[] = []
  #committing: Promise<void> = Promise.resolve()
  written = 0

  private constructor(node: SinkNode, writer: SinkWriter<unknown>) {
    this.id = node.id
    this.#node = node
    this.#writer = writer
  }

  static async open(node: SinkNode, context: Omit<SinkContext, 'id'>): Promise<SinkRunner> {
    try {
      return new SinkRunner(node, await node.sink.open({ ...context, id: node.id }))
    } catch (error) {
      throw failure(`Sink '${node.id}' (${node.sink.name}) cannot be opened: ${messageOf(error)}`, error)
    }
  }

  write(record: unknown): void {
    this.#writer.write(record)
    this.written++
  }

  /** A promise is back-pressure. */
  flush(): Promise<void> | undefined {
    const flushed = this.#writer.flush?.()
    return flushed instanceof Promise ? flushed.catch((error) => this.#rethrow('write', error)) : undefined
  }

  /**
   * Ends what belongs to snapshot `number`. Where it fails, the records before the cut are in no snapshot and never will be: the
   * task must not go on. The promise says so.
   */
  cut(number: number): Promise<unknown> {
    const commits = (async () => this.#writer.cut(number))().catch((error) =>
      this.#rethrow(`prepare its output for checkpoint ${number}`, error),
    )
    this.#cuts.push({ number, commits })
    return commits
  }

  /** All that is prepared and not committed, of snapshots up to `number`. */
  async prepared(number: number): Promise<PreparedCommit[]> {
    const cuts = this.#cuts.filter((cut) => cut.number <= number)
    const payloads = await Promise.all(cuts.map((cut) => cut.commits))
    return cuts.flatMap((cut, index) =>
      (payloads[index] ?? []).map((payload) => ({
        sink: this.id,
        kind: this.#node.sink.kind,
        number: cut.number,
        payload,
      })),
    )
  }

  /** Commits of one sink follow each other; a repeated one finds nothing left to do. */
  commit(number: number): Promise<void> {
    const done = this.#committing.catch(() => undefined).then(() => this.#commit(number))
    this.#committing = done
    return done
  }

  async #commit(number: number): Promise<void> {
    const cuts = this.#cuts.filter((cut) => cut.number <= number)
    const payloads = await Promise.all(cuts.map((cut) => cut.commits))
    try {
      const commits = payloads.flat()
      if (commits.length > 0) await this.#writer.commit(commits)
    } catch (error) {
      this.#rethrow(`commit checkpoint ${number}`, error)
    }
    this.#cuts = this.#cuts.filter((cut) => !cuts.includes(cut))
  }

  close(): Promise<void> {
    return this.#writer.close()
  }

  #rethrow(what: string, error: unknown): never {
    throw failure(`Sink '${this.id}' (${this.#node.sink.name}) could not ${what}: ${messageOf(error)}`, error)
  }
}
