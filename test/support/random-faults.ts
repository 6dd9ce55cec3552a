import { randomFrom } from '../jobs/random.js'
import type { Fault, FaultPlan } from './fault-proxy.js'

/**
 * A fault of any kind in so many requests out of one, the same for the same seed and order of requests. Those that hang cost their time-out, so
 * they are rarer.
 * @param slowDown what the server says when it is busy
 */
export function randomFaults(seed: number, rate: number, slowDown: Fault): FaultPlan {
  const random = randomFrom(seed)
  const faults: readonly (readonly [Fault, number])[] = [
    ['reset', 4],
    ['half request', 4],
    ['lost answer', 4],
    ['half answer', 4],
    [{ status: 500 }, 4],
    [slowDown, 4],
    ['hang', 0.2],
    ['hang after', 0.2],
  ]
  const total = faults.reduce((sum, [, weight]) => sum + weight, 0)
  return () => {
    if (random() >= rate) return undefined
    let rest = random() * total
    for (const [fault, weight] of faults) {
      rest -= weight
      if (rest < 0) return fault
    }
    return undefined
  }
}
