import { defineJob, files, textFiles } from 'tidemark'
import { z } from 'zod'

/**
 * How often each word occurs in some text files. The counts are emitted once, when the input has ended.
 *
 *     npx tidemark run word-count --args '{"output": "out"}'
 */
export default defineJob('word-count', {
  args: z.object({
    /** Text file or glob. */
    input: z.string().default('examples/word-count/gettysburg-address.txt'),
    /** Directory for the counts. */
    output: z.string().default('data/word-count'),
    /** Lines a second; absent = as fast as they can be read. */
    rate: z.number().positive().optional(),
  }),
  pipeline: ({ args }) =>
    textFiles(args.input, { rate: args.rate })
      .flatMap((line) => line.toLowerCase().match(/\p{Letter}+/gu) ?? [])
      .keyBy((word) => word)
      .process({
        id: 'counts',
        version: 1,
        state: () => 0,
        onRecord: (count) => count + 1,
        *onEnd(entries) {
          for (const [word, count] of entries) yield { word, count }
        },
      })
      .to(files(args.output)),
})
