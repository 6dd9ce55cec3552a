import type { AttemptOutcome, Progress } from '../engine.js'

interface Watcher {
  readonly onProgress: (progress: Progress) => void
  resolve(outcome: AttemptOutcome): void
  reject(error: unknown): void
}

/** Those who wait for what becomes of an attempt. */
export class Watchers {
  readonly #watchers = new Set<Watcher>()

  /** Rejects with the signal's reason once that aborts. */
  async watch(onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<AttemptOutcome> {
    signal.throwIfAborted()
    let watcher: Watcher | undefined
    const abort = () => watcher?.reject(signal.reason)
    try {
      return await new Promise<AttemptOutcome>((resolve, reject) => {
        watcher = { onProgress, resolve, reject }
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
