import type { AttemptOutcome, Progress } from '../engine.js'

interface Watcher {
  readonly early: boolean
  readonly onProgress: (progress: Progress) => void
  resolve(outcome: AttemptOutcome): void
  reject(error: unknown): void
}

/** Those who wait for what becomes of an attempt. */
export class Watchers {
  readonly #watchers = new Set<Watcher>()

  /**
   * Rejects with the signal's reason once that aborts.
   * @param early until somebody watches who is not
   */
  async watch(onProgress: (progress: Progress) => void, signal: AbortSignal, early = false): Promise<AttemptOutcome> {
    signal.throwIfAborted()
    const others = [...this.#watchers]
    if (early && others.some((other) => !other.early)) return { kind: 'relieved' }
    if (!early) for (const other of others) if (other.early) other.resolve({ kind: 'relieved' })
    let watcher: Watcher | undefined
    const abort = () => watcher?.reject(signal.reason)
    try {
      return await new Promise<AttemptOutcome>((resolve, reject) => {
        watcher = { early, onProgress, resolve, reject }
        this.#watchers.add(watcher)
        signal.addEventListener('abort', abort)
      })
    } finally {
      signal.removeEventListener('abort', abort)
      if (watcher !== undefined) this.#watchers.delete(watcher)
    }
  }

  tell(progress: Progress): void {
    for (const watcher of this.#watchers) watcher.onProgress(progress)
  }

  resolve(outcome: AttemptOutcome): void {
    for (const watcher of this.#watchers) watcher.resolve(outcome)
  }

  reject(error: unknown): void {
    for (const watcher of this.#watchers) watcher.reject(error)
  }
}
