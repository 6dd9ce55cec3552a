import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { files } from '../../src/connectors/files/files.js'
import { readCommitted } from './files-place.js'
import { scratch } from './scratch.js'
import { type TinyExecution, TinyJob } from './tiny-job.js'

type Step =
  /** A new execution from a snapshot of any earlier one (an index into all of them), or afresh. */
  | { readonly step: 'resume'; readonly from: number }
  | { readonly step: 'resume'; readonly from: 'nothing' }
  /** The same execution from its newest snapshot, in another process. */
  | { readonly step: 'restart' }
  | { readonly step: 'checkpoint' }
  /** Prepared, then given up. */
  | { readonly step: 'abort' }
  /** It counts, but the sinks hear nothing of it before the next step. */
  | { readonly step: 'publish' }

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.nat(30).map((from) => ({ step: 'resume', from }) as const) },
  { weight: 1, arbitrary: fc.constant({ step: 'resume', from: 'nothing' } as const) },
  { weight: 2, arbitrary: fc.constant({ step: 'restart' } as const) },
  { weight: 4, arbitrary: fc.constant({ step: 'checkpoint' } as const) },
  { weight: 1, arbitrary: fc.constant({ step: 'abort' } as const) },
  { weight: 2, arbitrary: fc.constant({ step: 'publish' } as const) },
)

test('whatever is resumed, restarted and abandoned, the output is what the snapshot descends from', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 25 }), async (history) => {
      const directory = join(scratch(), 'out')
      const job = new TinyJob()
      let value = 0
      let run: TinyExecution = job.begin(files(directory), undefined)
      await run.start()
      for (const step of history) {
        if (step.step === 'resume' || step.step === 'restart') {
          await run.close()
          if (step.step === 'resume') {
            const { snapshots } = job
            const from = step.from === 'nothing' ? undefined : snapshots[step.from % Math.max(1, snapshots.length)]
            run = job.begin(files(directory), from)
          }
          await run.start()
          expect(readCommitted(directory)).toEqual(run.values)
          continue
        }
        value += 1
        run.write(value)
        const number = await run.cut()
        if (step.step !== 'abort') run.publish(number)
        if (step.step !== 'checkpoint') continue
        await run.commit()
        expect(readCommitted(directory)).toEqual(run.values)
      }
      await run.close()
    }),
    { numRuns: 150 },
  )
})
