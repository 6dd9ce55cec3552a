import { defineJob, generate } from 'tidemark'
import { z } from 'zod'
import { discard } from './discard.mjs'

const endless = () => generate({ make: (index) => index, rate: 1_000 })

/** Says, in two pieces, the second from a callback of its own, who it is. */
export const talker = defineJob('talker', {
  args: z.object({ says: z.string() }),
  pipeline: ({ args: { says } }) =>
    endless()
      .map((index) => {
        if (index > 0) return index
        process.stdout.write(`${says} is `)
        setTimeout(() => console.log('here'))
        return index
      })
      .to(discard),
})

/** Its sink never closes. */
export const clinging = defineJob('clinging', {
  args: z.object({}),
  pipeline: () =>
    endless().to({
      ...discard,
      open: async () => ({ ...(await discard.open()), close: () => new Promise(() => {}) }),
    }),
})
