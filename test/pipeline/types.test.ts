import { type Collector, defineJob, files, from, type Keyed, ndjson, type Stream } from 'tidemark'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { generatorSource } from '../../src/connectors/generator/generate.js'
import type { Sink } from '../../src/pipeline/sink.js'
import { nowhere } from './run-graph.js'

// What is asserted here is checked by the compiler; running it shows that the definitions hold as well.

const Flight = z.object({ origin: z.string(), delay: z.number().nullable() })
type Flight = z.output<typeof Flight>

const flights = ndjson('flights.ndjson', { schema: Flight })
const byOrigin = flights.keyBy((flight) => flight.origin)

type RecordOf<S> = S extends Stream<infer T> ? T : never

test('the schema gives the record type, and stateless steps carry it on', () => {
  expectTypeOf(flights).toEqualTypeOf<Stream<Flight>>()
  expectTypeOf(flights.map((flight) => flight.delay)).toEqualTypeOf<Stream<number | null>>()
  expectTypeOf(flights.flatMap((flight) => [flight.origin, 1])).toEqualTypeOf<Stream<string | number>>()
  expectTypeOf(flights.filter((flight) => flight.origin !== '')).toEqualTypeOf<Stream<Flight>>()
  expectTypeOf(from(generatorSource({ make: (index) => ({ index }) }))).toEqualTypeOf<Stream<{ index: number }>>()
})

test('a filter that is a type guard narrows', () => {
  const delays = flights.map((flight) => flight.delay)
  expectTypeOf(delays.filter((delay) => delay !== null)).toEqualTypeOf<Stream<number>>()
})

test('a generator says by its yields what it emits', () => {
  const stream = byOrigin.process({
    id: 'a',
    version: 1,
    state: () => ({ flights: 0 }),
    *onRecord(state, flight) {
      expectTypeOf(state).toEqualTypeOf<{ flights: number }>()
      expectTypeOf(flight).toEqualTypeOf<Flight>()
      state.flights += 1
      yield { origin: flight.origin, ...state }
    },
  })
  expectTypeOf<RecordOf<typeof stream>>().toEqualTypeOf<{ flights: number; origin: string }>()
})

test('a collector says by its annotation what is emitted, and accepts everything without one', () => {
  const annotated = byOrigin.process({
    id: 'a',
    version: 1,
    state: () => 0,
    onRecord(state, flight, out: Collector<{ readonly origin: string }>, context) {
      expectTypeOf(context.key).toEqualTypeOf<string>()
      out.collect({ origin: flight.origin })
      return state + 1
    },
  })
  expectTypeOf<RecordOf<typeof annotated>>().toEqualTypeOf<{ readonly origin: string }>()
  const loose = byOrigin.process({
    id: 'a',
    version: 1,
    state: () => ({ flights: 0 }),
    onRecord(state, flight, out) {
      out.collect({ origin: flight.origin, ...state })
    },
  })
  expectTypeOf<RecordOf<typeof loose>>().toEqualTypeOf<unknown>()
})

test('what is emitted at the end joins what is emitted for each record', () => {
  const totals = byOrigin.process({
    id: 'a',
    version: 1,
    state: () => 0,
    onRecord: (state) => state + 1,
    *onEnd(entries) {
      for (const [origin, total] of entries) yield { origin, total }
    },
  })
  expectTypeOf<RecordOf<typeof totals>>().toEqualTypeOf<{ origin: string; total: number }>()
  const both = byOrigin.process({
    id: 'a',
    version: 1,
    state: () => 0,
    *onRecord(state) {
      yield 'seen' as const
      return state + 1
    },
    onEnd(entries, out: Collector<number>) {
      for (const [, total] of entries) out.collect(total)
    },
  })
  expectTypeOf<RecordOf<typeof both>>().toEqualTypeOf<'seen' | number>()
  const loose = byOrigin.process({
    id: 'a',
    version: 1,
    state: () => 0,
    onRecord: (state) => state + 1,
    onEnd(entries, out) {
      for (const entry of entries) out.collect(entry)
    },
  })
  expectTypeOf<RecordOf<typeof loose>>().toEqualTypeOf<unknown>()
  const silent = byOrigin.process({ id: 'a', version: 1, state: () => 0, onRecord: (state) => state + 1 })
  expectTypeOf<RecordOf<typeof silent>>().toEqualTypeOf<never>()
})

test('a state is replaced only by a state', () => {
  byOrigin.process({
    id: 'a',
    version: 1,
    state: () => 0,
    // @ts-expect-error a text is not the number that the state is
    onRecord: () => 'one',
  })
  byOrigin.process({
    id: 'a',
    version: 1,
    state: () => ({ flights: 0 }),
    onRecord: (state) => state,
    // @ts-expect-error what a migration gives must be a state
    migrate: () => 1,
  })
  // @ts-expect-error a key is a string or a number
  flights.keyBy((flight) => flight)
})

test('the name of a field may stand for the key, where the field can be one', () => {
  const spec = { id: 'a', version: 1, initial: () => 0, add: (sum: number) => sum + 1 }
  expectTypeOf(flights.keyBy('origin').reduce(spec)).toEqualTypeOf<Stream<Keyed<string, number>>>()
  // @ts-expect-error null is no key
  flights.keyBy('delay')
  // @ts-expect-error there is no such field
  flights.keyBy('destination')
  const keyOf = (flight: Flight) => flight.origin
  expectTypeOf(ndjson('x', { schema: Flight, partitionedBy: 'origin' })).toEqualTypeOf<Stream<Flight>>()
  expectTypeOf(ndjson('x', { schema: Flight, partitionedBy: keyOf })).toEqualTypeOf<Stream<Flight>>()
  // @ts-expect-error null is no key
  ndjson('x', { schema: Flight, partitionedBy: 'delay' })
  const lines = generatorSource({ make: (index) => `${index}` })
  expectTypeOf(from(lines, { partitionedBy: (line) => line.slice(0, 1) })).toEqualTypeOf<Stream<string>>()
})

test('reduce gives the key with its accumulator', () => {
  const sums = byOrigin.reduce({
    id: 'a',
    version: 1,
    initial: () => 0,
    add: (sum, flight) => sum + (flight.delay ?? 0),
  })
  expectTypeOf(sums).toEqualTypeOf<Stream<Keyed<string, number>>>()
})

test('a sink takes only the records it is for', () => {
  const texts: Sink<string> = nowhere
  flights.map((flight) => flight.origin).to(texts)
  // @ts-expect-error flights are no texts
  flights.to(texts)
  flights.to(files('out'))
})

test('the arguments have the type of their schema', () => {
  const job = defineJob('typed', {
    args: z.object({ input: z.string(), rate: z.number().optional(), limit: z.coerce.number().default(3) }),
    pipeline: ({ args }) => {
      expectTypeOf(args).toEqualTypeOf<{ input: string; rate?: number | undefined; limit: number }>()
      return ndjson(args.input, { schema: Flight, rate: args.rate }).to(nowhere)
    },
  })
  expectTypeOf(job.parseArgs({ input: 'x' })).toEqualTypeOf<{
    input: string
    rate?: number | undefined
    limit: number
  }>()
})
