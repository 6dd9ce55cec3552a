import { setTimeout as pause } from 'node:timers/promises'

/** Asks again and again until the answer is the one. What never comes is noticed by the test's own time limit. */
export async function until<T>(ask: () => T | Promise<T>, isEnough: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (isEnough(answer)) return answer
    await pause(50)
  }
}
