import { expect, test } from 'vitest'
import { AskedHere } from '../../src/temporal/asked-here.js'

test('the newest checkpoint that a run asked for here is known, of as many runs as it is to remember', () => {
  const here = new AskedHere(2)
  here.note('a', 1)
  here.note('b', 7)
  here.note('a', 2)
  expect([here.askedHere('a', 1), here.askedHere('a', 2), here.askedHere('b', 7)]).toEqual([false, true, true])
  here.note('c', 3)
  expect([here.askedHere('a', 2), here.askedHere('b', 7), here.askedHere('c', 3)]).toEqual([true, false, true])
})
