import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds; the bound of a wait grows fourfold from one try to the next. */
const firstWait = 100
const longestWait = 5_000
/** No try begins later than this after the first one, milliseconds. */
const lastStart = 20_000

export const mostAttempts = 5

/** Waits a random part of a bound that grows: callers that failed together do not come back together. */
export async function backOff(attempt: number): Promise<void> {
  await delay(Math.random() * Math.min(longestWait, firstWait * 4 ** (attempt - 1)))
}

/**
 * Repeats what failed in a way that may pass, and gives up with the last error.
 * @param work is told which try it is, from 1
 */
export async function retrying<T>(
  work: (attempt: number) => Promise<T>,
  mayPass: (error: unknown) => boolean,
): Promise<T> {
  const begin = performance.now()
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (attempt === mostAttempts || !mayPass(error) || performance.now() - begin > lastStart) throw error
      await backOff(attempt)
    }
  }
}
