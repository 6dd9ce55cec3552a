import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineJob, files, from } from 'tidemark'
import { z } from 'zod'

/**
 * Each file of a directory is a split, and so is each that appears later; a file is one record, read asynchronously once it is there.
 * The split never ends.
 */
function inbox(directory) {
  return {
    name: `inbox(${directory})`,
    bounded: false,
    splits: async () => (await readdir(directory)).sort(),
    async open(split, position = 0) {
      let next = position
      return {
        async read() {
          if (next > 0) return { idle: 10 }
          const text = await readFile(join(directory, split), 'utf8')
          next = 1
          return { records: [text], where: () => split }
        },
        position: () => next,
        describe: () => `record ${next}`,
        close: async () => {},
      }
    },
  }
}

export default defineJob('inbox', {
  args: z.object({ input: z.string(), output: z.string() }),
  pipeline: ({ args }) =>
    from(inbox(args.input))
      .map((text) => ({ text }))
      .to(files(args.output)),
})
