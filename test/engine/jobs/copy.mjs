import { defineJob, files, ndjson } from 'tidemark'
import { z } from 'zod'

/** Copies every file of a glob: nothing keyed, so it may run in several tasks. */
export const copy = defineJob('copy', {
  args: z.object({ input: z.string(), output: z.string(), rate: z.number().optional() }),
  pipeline: ({ args }) =>
    ndjson(args.input, { schema: z.object({ file: z.string(), line: z.number() }), rate: args.rate }).to(
      files(args.output),
    ),
})
