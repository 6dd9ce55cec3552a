import { defineJob, files, generate } from 'tidemark'
import { z } from 'zod'

interface Reading {
  readonly value: number | undefined
}

/** In TypeScript, as users write it: the types are gone before it runs, but its errors must name the lines that were written. */
export default defineJob('typed', {
  args: z.object({ output: z.string() }),
  pipeline: ({ args }) =>
    generate({ make: (index): Reading => ({ value: index < 3 ? index : undefined }), count: 10 })
      .map((reading: Reading) => {
        if (reading.value === undefined) throw new Error('no value')
        return reading.value
      })
      .to(files(args.output)),
})
