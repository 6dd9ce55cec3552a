import { setTimeout as pause } from 'node:timers/promises'

export interface UntilOptions {
  readonly timeoutMs?: number
  readonly everyMs?: number
}

/** Asks until there is an answer. A slow machine has time; one on which nothing happens any more is told so. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  { timeoutMs = 45_000, everyMs = 50 }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await probe()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}.`)
    await pause(everyMs)
  }
}
