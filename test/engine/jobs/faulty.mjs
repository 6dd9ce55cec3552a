import { writeFileSync } from 'node:fs'
import { defineJob, generate, textFiles } from 'tidemark'
import { z } from 'zod'
import { discard } from './discard.mjs'

const nothing = undefined

const faults = {
  throws: () => nothing.missing,
  'throws a text': () => {
    throw 'just a text'
  },
  exits: () => process.exit(3),
  'throws later': () =>
    setTimeout(() => {
      throw new Error('nobody awaited this')
    }),
  rejects: () => void Promise.reject(new Error('nobody caught this')),
  hangs: () => {
    for (;;);
  },
  'fills the memory': () => {
    const full = []
    for (;;) full.push(new Array(10_000).fill(full.length))
  },
}

/** Does something bad at one of its records, by the source that has them, and leaves a mark before it does. */
export const faulty = defineJob('faulty', {
  args: z.object({ fault: z.enum(Object.keys(faults)), at: z.number(), mark: z.string().optional() }),
  pipeline: ({ args }) =>
    generate({ make: (index) => index, rate: 2_000 })
      .map(function pick(index) {
        if (index !== args.at) return index
        if (args.mark !== undefined) writeFileSync(args.mark, '')
        faults[args.fault]()
        return index
      })
      .to(discard),
})

/** Fails on the line that says so. */
export const failingLine = defineJob('failing-line', {
  args: z.object({ input: z.string() }),
  pipeline: ({ args }) =>
    textFiles(args.input)
      .filter((line) => line !== '')
      .keyBy((line) => line)
      .process({
        id: 'lines',
        version: 1,
        state: () => 0,
        onRecord(seen, line) {
          if (line === 'bad') nothing.missing
          return seen + 1
        },
      })
      .to(discard),
})

export const failingEnd = defineJob('failing-end', {
  args: z.object({}),
  pipeline: () =>
    generate({ make: (index) => index, count: 10 })
      .keyBy(() => 'all')
      .process({
        id: 'total',
        version: 1,
        state: () => 0,
        onRecord: (total, index) => total + index,
        onEnd() {
          throw new Error('no totals today')
        },
      })
      .to(discard),
})
