import { defineJob, files, ndjson } from 'tidemark'
import { z } from 'zod'

const Step = z.object({ key: z.string(), value: z.number() })

/** Sums by key, in whatever shape and under whatever names the arguments say: one job in several versions. */
export default defineJob('evolving', {
  args: z.object({
    input: z.string(),
    output: z.string(),
    source: z.string().default('steps'),
    operator: z.string().default('sums'),
    sink: z.string().default('out'),
    version: z.number().default(1),
    migrate: z.enum(['no', 'yes', 'fails']).default('no'),
    rate: z.number().default(200),
  }),
  pipeline: ({ args }) => {
    const migrate = (state, from) => {
      if (args.migrate === 'fails') throw new Error('this shape is unknown')
      return { sum: state.sum, migratedFrom: from }
    }
    return ndjson(args.input, { schema: Step, rate: args.rate, id: args.source })
      .keyBy((step) => step.key)
      .process({
        id: args.operator,
        version: args.version,
        state: () => ({ sum: 0 }),
        *onRecord(state, step) {
          state.sum += step.value
          yield { key: step.key, ...state }
        },
        ...(args.migrate !== 'no' && { migrate }),
      })
      .to(files(args.output), { id: args.sink })
  },
})
