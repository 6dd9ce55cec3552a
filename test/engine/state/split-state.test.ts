import { expect, test } from 'vitest'
import { KeyedStateStore } from '../../../src/engine/embedded/state/keyed-state-store.js'
import { SplitState } from '../../../src/engine/embedded/state/split-state.js'

function splitState(): SplitState {
  return new SplitState(() => new KeyedStateStore({ operator: 'sums', stateVersion: 1, incremental: true }))
}

test('each split has a state of its own, until it is forgotten', () => {
  const state = splitState()
  state.enter('a')
  state.set('x', 1)
  state.set('y', 2)
  state.enter('b')
  expect([state.get('z'), state.size, [...state.entries()]]).toEqual([undefined, 0, []])
  state.set('z', 3)
  state.enter('a')
  state.delete('y')
  expect([state.get('x'), state.size, [...state.entries()]]).toEqual([1, 1, [['x', 1]]])
  expect(state.stores().map(({ scope, store }) => [scope, store.size])).toEqual([
    [{ kind: 'split', split: 'a' }, 1],
    [{ kind: 'split', split: 'b' }, 1],
  ])
  state.forget('a')
  expect(state.stores().map(({ scope }) => scope)).toEqual([{ kind: 'split', split: 'b' }])
})

test('keys of one split in another are noticed within a few, however many splits there are', () => {
  const state = splitState()
  for (let split = 0; split < 20; split++) {
    state.enter(`split-${split}`)
    for (let key = 0; key < 100; key++) {
      expect(state.get(`${split}/${key}`)).toBeUndefined()
      state.set(`${split}/${key}`, key)
    }
  }
  state.enter('copy')
  const read = Array.from({ length: 21 }, (_, key) => `7/${key}`)
  expect(() => read.map((key) => state.get(key))).toThrow(
    /^key "7\/\d+" occurs in copy and in split-7, though the source is partitionedBy that key; bring/,
  )
})
