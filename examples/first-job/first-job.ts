import { defineJob, files, generate } from 'tidemark'
import { z } from 'zod'

/** The highest temperature that each of three sensors has seen so far. */
export default defineJob('temperatures', {
  args: z.object({ output: z.string().default('data/temperatures'), rate: z.number().default(100) }),
  pipeline: ({ args }) =>
    generate({ rate: args.rate, make: (n) => ({ sensor: `sensor-${n % 3}`, celsius: 20 + ((n * 7919) % 101) / 10 }) })
      .keyBy((reading) => reading.sensor)
      .process({
        id: 'highest',
        version: 1,
        state: () => ({ readings: 0, highest: -273 }),
        *onRecord(seen, { sensor, celsius }) {
          seen.readings += 1
          seen.highest = Math.max(seen.highest, celsius)
          yield { sensor, ...seen }
        },
      })
      .to(files(args.output)),
})
