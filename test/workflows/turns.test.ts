import { expect, test } from 'vitest'
import { Turns } from '../../workflows/turns.js'

test('only the newest question of its kind is waited for', () => {
  const turns = new Turns()
  const first = turns.begin('resolveRestorePoint')
  const other = turns.begin('claim')
  expect([first(), other()]).toEqual([true, true])
  const second = turns.begin('resolveRestorePoint')
  expect([first(), second(), other()]).toEqual([false, true, true])
})
