import { defineJob, files, ndjson } from 'tidemark'
import { z } from 'zod'

/** Running counts by user, and each user's total at the end; every user's records are in one file, as far as `promised` says so. */
export default defineJob('partitioned', {
  args: z.object({
    input: z.string(),
    output: z.string(),
    rate: z.number().optional(),
    promised: z.boolean().default(true),
    follow: z.boolean().default(false),
  }),
  pipeline: ({ args }) =>
    ndjson(args.input, {
      schema: z.object({ user: z.string(), n: z.number() }),
      rate: args.rate,
      follow: args.follow,
      ...(args.promised && { partitionedBy: 'user' }),
    })
      .filter(({ n }) => n >= 0)
      .keyBy('user')
      .process({
        id: 'counts',
        version: 1,
        state: () => ({ count: 0 }),
        *onRecord(state, { user, n }) {
          state.count += 1
          yield { user, n, count: state.count }
        },
        *onEnd(entries) {
          for (const [user, { count }] of entries) yield { user, total: count }
        },
      })
      .to(files(args.output)),
})
