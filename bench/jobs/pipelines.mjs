/** The jobs of the benchmarks: the same work as bench/peers/FlinkJobs.java. */
import { defineJob, generate, ndjson, textFiles } from 'tidemark'
import { z } from 'zod'

/** Where records end that only have to be made. */
const discard = () => ({
  name: 'discard',
  kind: 'discard',
  guarantee: 'idempotent',
  open: async () => ({ write() {}, cut: async () => [], commit: async () => {}, close: async () => {} }),
})

const args = z.object({ input: z.string() })

export const wordCount = defineJob('word-count', {
  args,
  pipeline: ({ args: { input } }) =>
    textFiles(input)
      .flatMap((line) => line.split(' '))
      .keyBy((word) => word)
      .reduce({ id: 'count', version: 1, initial: () => 0, add: (count) => count + 1 })
      .to(discard()),
})

export const sumByUser = defineJob('sum-by-user', {
  args,
  pipeline: ({ args: { input } }) =>
    ndjson(input, { schema: z.object({ user: z.string(), amount: z.number() }) })
      .keyBy((order) => order.user)
      .reduce({ id: 'sum', version: 1, initial: () => 0, add: (sum, order) => sum + order.amount })
      .to(discard()),
})

export const ticks = defineJob('ticks', {
  args: z.object({}),
  pipeline: () =>
    generate({ rate: 1000, make: (n) => `key-${n % 1000}` })
      .keyBy((key) => key)
      .reduce({ id: 'count', version: 1, initial: () => 0, add: (count) => count + 1 })
      .to(discard()),
})
