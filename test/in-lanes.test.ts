import fc from 'fast-check'
import { expect, it } from 'vitest'
import { inLanes } from '../src/in-lanes.js'

it('answers in the order of the items, with never more under way than there are lanes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.integer()),
      fc.integer({ min: 1, max: 5 }),
      async (s, items, lanes) => {
        let underWay = 0
        let most = 0
        const answers = inLanes(items, lanes, async (item) => {
          most = Math.max(most, ++underWay)
          await s.schedule(Promise.resolve())
          underWay--
          return item * 2
        })
        await s.waitFor(answers)
        expect(await answers).toEqual(items.map((item) => item * 2))
        expect(most).toBe(Math.min(lanes, items.length))
      },
    ),
  )
})

it('after a failure nothing is begun, and it is told once what was under way has ended', async () => {
  const begun: number[] = []
  const ending = new Map<number, (outcome: 'well' | 'badly') => void>()
  let told: unknown
  const all = inLanes([1, 2, 3, 4, 5], 3, async (item) => {
    begun.push(item)
    const outcome = await new Promise((resolve) => ending.set(item, resolve))
    if (outcome === 'badly') throw new Error(`${item} failed`)
  })
  const settled = all.catch((error: unknown) => {
    told = error
  })
  ending.get(2)?.('badly')
  await turns()
  ending.get(3)?.('badly')
  await turns()
  expect({ begun, told }).toEqual({ begun: [1, 2, 3], told: undefined })
  ending.get(1)?.('well')
  await settled
  expect(begun).toEqual([1, 2, 3])
  expect(told).toEqual(new Error('2 failed'))
})

/** Everything that was ready to go on has gone on. */
const turns = () => new Promise((resolve) => setImmediate(resolve))
