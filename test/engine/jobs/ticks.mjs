import { defineJob, generate } from 'tidemark'
import { z } from 'zod'
import { discard } from './discard.mjs'

/** Runs until it is stopped, or until `count` records are through. */
export default defineJob('ticks', {
  version: '7',
  args: z.object({ rate: z.number().default(1_000), count: z.number().optional() }),
  pipeline: ({ args }) =>
    generate({ make: (index) => ({ index }), rate: args.rate, ...(args.count !== undefined && { count: args.count }) })
      .map(({ index }) => index)
      .to(discard),
})
