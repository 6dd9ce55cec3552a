/** The jobs of the benchmarks: the same work as bench/peers/FlinkJobs.java. */
import { randomBytes } from 'node:crypto'
import { defineJob, from, generate, ndjson, textFiles } from 'tidemark'
import { z } from 'zod'
import { recordLog } from './record-log.mjs'
import { updates } from './updates.mjs'

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

const Order = z.object({ user: z.string(), amount: z.number() })
const spent = { id: 'sum', version: 1, initial: () => 0, add: (sum, order) => sum + order.amount }

export const sumByUser = defineJob('sum-by-user', {
  args,
  pipeline: ({ args: { input } }) =>
    ndjson(input, { schema: Order })
      .keyBy((order) => order.user)
      .reduce(spent)
      .to(discard()),
})

/** The same over files that have the users among them. */
export const sumByPartitionedUser = defineJob('sum-by-partitioned-user', {
  args,
  pipeline: ({ args: { input } }) =>
    ndjson(input, { schema: Order, partitionedBy: 'user' }).keyBy('user').reduce(spent).to(discard()),
})

export const ticks = defineJob('ticks', {
  args: z.object({}),
  pipeline: () =>
    generate({ rate: 1000, make: (n) => `key-${n % 1000}` })
      .keyBy((key) => key)
      .reduce({ id: 'count', version: 1, initial: () => 0, add: (count) => count + 1 })
      .to(discard()),
})

export const trickle = defineJob('trickle', {
  args: z.object({}),
  pipeline: () =>
    generate({ rate: 2, make: (n) => `key-${n % 10}` })
      .keyBy((key) => key)
      .reduce({ id: 'count', version: 1, initial: () => 0, add: (count) => count + 1 })
      .to(discard()),
})

/** Each record gives its key another value of 100 characters, a byte each. */
export const blobs = defineJob('blobs', {
  args: z.object({ log: z.string(), keys: z.int().positive() }),
  pipeline: ({ args: { log, keys } }) =>
    from(updates(keys))
      .keyBy((update) => update.key)
      .process({
        id: 'blob',
        version: 1,
        state: () => '',
        onRecord(_, update, out) {
          out.collect(update)
          return randomBytes(100).toString('latin1')
        },
      })
      .to(recordLog(log)),
})
