import { expect, test } from 'vitest'
import { ReadRates } from '../../src/metrics/read-rates.js'

const attempt = (records: number, number = 1) => ({ job: 'a', execution: 'x', attempt: number, records })

test('a rate is that between two looks, at least a second apart', () => {
  const rates = new ReadRates()
  expect(rates.measure([attempt(1_000)], 0)).toEqual([0])
  expect(rates.measure([attempt(1_500)], 999)).toEqual([0])
  expect(rates.measure([attempt(3_000)], 2_000)).toEqual([1_000])
  expect(rates.measure([attempt(9_000)], 2_500)).toEqual([1_000])
  expect(rates.measure([attempt(3_000)], 4_000)).toEqual([0])
})

test('a new attempt, whose counter begins at its restore point, is compared with nothing', () => {
  const rates = new ReadRates()
  rates.measure([attempt(5_000)], 0)
  expect(rates.measure([attempt(4_000, 2)], 2_000)).toEqual([0])
  expect(rates.measure([attempt(4_200, 2)], 4_000)).toEqual([100])
})
