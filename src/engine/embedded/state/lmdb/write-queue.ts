import type { Change, LmdbEnvironment } from './environment.js'

/** What is under way to the environment at a time before the stream has to wait, bytes. */
const enough = 2 * 1024 * 1024

/** The writes of a task. After one that failed all fail with the same. */
export class WriteQueue {
  readonly #environment: LmdbEnvironment
  #underWay = 0
  #last: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment
  }

  /** Calls `written` once they can be read. */
  send(changes: readonly Change[], written: () => void): void {
    const bytes = changes.reduce((sum, [key, value]) => sum + key.length + (value?.length ?? 0), 0)
    this.#underWay += bytes
    this.#last = this.#environment.write(changes).then(
      () => {
        this.#underWay -= bytes
        written()
      },
      (error: unknown) => {
        this.#failure ??= error
      },
    )
  }

  /** Resolves once what was sent so far can be read, or has failed. */
  get idle(): Promise<void> {
    return this.#last
  }

  /** What to wait for before more is sent. */
  get pressure(): Promise<void> | undefined {
    return this.#underWay > enough ? this.#last : undefined
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** @throws TaskFailed */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
