import { defineJob, files, ndjson } from 'tidemark'
import { z } from 'zod'

/** Counts by key; each record gives the key's count so far, and the end each key's total. */
export default defineJob('counts', {
  args: z.object({ input: z.string(), output: z.string(), rate: z.number().optional() }),
  pipeline: ({ args }) =>
    ndjson(args.input, { schema: z.object({ key: z.string(), value: z.number() }), rate: args.rate })
      .keyBy((record) => record.key)
      .process({
        id: 'counts',
        version: 1,
        state: () => ({ count: 0, sum: 0 }),
        onRecord(state, record, out) {
          state.count += 1
          state.sum += record.value
          out.collect({ key: record.key, ...state })
        },
        onEnd(entries, out) {
          for (const [key, state] of entries) out.collect({ key, total: state.count })
        },
      })
      .to(files(args.output)),
})
