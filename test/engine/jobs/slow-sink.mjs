import { defineJob, generate } from 'tidemark'
import { z } from 'zod'

/** Lets go of one batch at a time: it keeps the most that it ever held. */
function slow(limit) {
  return {
    name: 'slow()',
    kind: 'slow',
    guarantee: 'at-least-once',
    async open() {
      let held = 0
      return {
        write() {
          held += 1
          if (held > limit) throw new Error(`it holds ${held} records: the back-pressure was not heeded`)
        },
        flush: () =>
          new Promise((resolve) =>
            setTimeout(() => {
              held = 0
              resolve()
            }, 2),
          ),
        cut: async () => [],
        commit: async () => {},
        close: async () => {},
      }
    },
  }
}

export default defineJob('slow-sink', {
  args: z.object({ count: z.number() }),
  pipeline: ({ args }) =>
    generate({ make: (index) => index, count: args.count })
      .keyBy((index) => index % 2)
      .process({
        id: 'halves',
        version: 1,
        state: () => 0,
        onRecord: (count, _index, out) => {
          out.collect(count + 1)
          return count + 1
        },
      })
      .to(slow(512)),
})
