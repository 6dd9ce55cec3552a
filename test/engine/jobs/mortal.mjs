import { defineJob, files, ndjson } from 'tidemark'
import { z } from 'zod'

/** Counts by key, in a thread that may be made to die at any moment after its pipeline was built. */
export default defineJob('mortal', {
  args: z.object({ input: z.string(), output: z.string(), rate: z.number(), dieAfterMs: z.number().optional() }),
  pipeline: ({ args }) => {
    if (args.dieAfterMs !== undefined) setTimeout(() => process.exit(137), args.dieAfterMs)
    return ndjson(args.input, { schema: z.object({ key: z.string() }), rate: args.rate })
      .keyBy((record) => record.key)
      .process({
        id: 'counts',
        version: 1,
        state: () => ({ count: 0 }),
        onRecord(state, record, out, context) {
          state.count += 1
          out.collect({ key: record.key, count: state.count })
          // Forgotten every third time, so that deletions are part of the restores.
          if (state.count < 3) return state
          context.clearState()
        },
        onEnd(entries, out) {
          const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
          for (const [key, { count }] of sorted) out.collect({ key, total: count })
        },
      })
      .to(files(args.output))
  },
})
