import { readFileSync } from 'node:fs'
import { type Flight, lateAfter } from './flight.js'

/** What the job writes for one flight: the figures of its origin after it. */
export interface AirportUpdate {
  readonly origin: string
  readonly flights: number
  readonly late: number
  /** Sum, minutes. */
  readonly delay: number
}

/**
 * The same computation in one go, with nothing of Tidemark in it: what the job's output must be, record by record and
 * in order, however often the job was killed or resumed on its way.
 */
export function batch(input: string): AirportUpdate[] {
  const airports = new Map<string, AirportUpdate>()
  const updates: AirportUpdate[] = []
  for (const line of readFileSync(input, 'utf8').split('\n')) {
    if (line === '') continue
    const { origin, delay } = JSON.parse(line) as Flight
    if (delay === null) continue
    const before = airports.get(origin) ?? { origin, flights: 0, late: 0, delay: 0 }
    const after = {
      origin,
      flights: before.flights + 1,
      late: before.late + (delay > lateAfter ? 1 : 0),
      delay: before.delay + delay,
    }
    airports.set(origin, after)
    updates.push(after)
  }
  return updates
}
