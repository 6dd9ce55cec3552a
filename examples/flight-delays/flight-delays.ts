import { defineJob, files, ndjson } from 'tidemark'
import { z } from 'zod'
import { Flight, lateAfter } from './flight.js'

/**
 * How late flights leave each airport: every flight updates the figures of its origin, and each update is a record.
 *
 *     npx tidemark run flight-delays --args '{"input": "flights.ndjson", "output": "out"}'
 */
export default defineJob('flight-delays', {
  args: z.object({
    /** NDJSON file or glob of flights. */
    input: z.string().default('data/flights.ndjson'),
    /** Directory for the updates. */
    output: z.string().default('data/flight-delays'),
    /** Flights a second; absent = as fast as they can be read. */
    rate: z.number().positive().optional(),
  }),
  pipeline: ({ args }) =>
    ndjson(args.input, { schema: Flight, rate: args.rate })
      .filter(arrived)
      .keyBy((flight) => flight.origin)
      .process({
        id: 'delays',
        version: 1,
        state: () => ({ flights: 0, late: 0, delay: 0 }),
        *onRecord(airport, flight) {
          airport.flights += 1
          if (flight.delay > lateAfter) airport.late += 1
          airport.delay += flight.delay
          yield { origin: flight.origin, ...airport }
        },
      })
      .to(files(args.output)),
})

function arrived(flight: Flight): flight is Flight & { delay: number } {
  return flight.delay !== null
}
