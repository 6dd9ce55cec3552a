import { defineJob, files, generate } from 'tidemark'
import { z } from 'zod'

/** A record for each key in turn, each of which makes 400 bytes of state; the end says what there is. */
export default defineJob('large', {
  args: z.object({ keys: z.number(), count: z.number(), output: z.string(), rate: z.number().optional() }),
  pipeline: ({ args }) =>
    generate({ make: (index) => index, count: args.count, ...(args.rate !== undefined && { rate: args.rate }) })
      .keyBy((index) => index % args.keys)
      .process({
        id: 'blobs',
        version: 1,
        state: () => ({ seen: 0, blob: '' }),
        onRecord(state, index) {
          state.seen += 1
          state.blob = String(index).padStart(400, '.')
        },
        onEnd(entries, out) {
          const total = { keys: 0, seen: 0, wrong: 0 }
          for (const [key, { seen, blob }] of entries) {
            total.keys += 1
            total.seen += seen
            if (Number(blob.replace(/^\.+/, '')) % args.keys !== key) total.wrong += 1
          }
          out.collect(total)
        },
      })
      .to(files(args.output)),
})
