import { expect, it } from 'vitest'
import { Connecting } from '../../../src/storage/hdfs/connecting.js'

/** So many ask for a turn; `order` tells who has one, `failed` who was told why there will be none. */
function crowd(connecting: Connecting, host: string, size: number) {
  const order: number[] = []
  const failed: unknown[] = []
  const turns = Array.from({ length: size }, (_, index) => {
    const turn = connecting.turn(host)
    turn.then(
      () => order.push(index),
      (failure: unknown) => failed.push(failure),
    )
    return turn
  })
  return { order, failed, turns }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

it('eight at a time connect to a host, in the order in which they came; other hosts have lines of their own', async () => {
  const connecting = new Connecting()
  const { order, turns } = crowd(connecting, 'one', 20)
  const other = crowd(connecting, 'two', 3)
  await settled()
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(other.order).toHaveLength(3)
  const leave = await turns[3]
  leave?.()
  leave?.()
  await settled()
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  for (const turn of turns) (await turn)()
  expect(order).toHaveLength(20)
  const again = crowd(connecting, 'one', 9)
  await settled()
  expect(again.order).toHaveLength(8)
})

it('who waits behind a connection that could not be made is told at once, and the next have their turn', async () => {
  const connecting = new Connecting()
  const { order, failed, turns } = crowd(connecting, 'dead', 20)
  await settled()
  const failure = new Error('no connection was made in time')
  ;(await turns[0])?.(failure)
  await settled()
  expect(order).toHaveLength(8)
  expect(failed).toEqual(Array(12).fill(failure))
  const next = crowd(connecting, 'dead', 2)
  await settled()
  expect(next.order).toEqual([0])
  ;(await turns[1])?.()
  await settled()
  expect(next.order).toEqual([0, 1])
})
