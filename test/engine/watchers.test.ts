import { expect, test } from 'vitest'
import { Watchers } from '../../src/engine/embedded/watchers.js'

const { signal } = new AbortController()
const progress = () => {}

test('who watches early is relieved by the first who watches for good, who goes on', async () => {
  const watchers = new Watchers()
  const early = watchers.watch(progress, signal, true)
  const alsoEarly = watchers.watch(progress, signal, true)
  const good = watchers.watch(progress, signal)
  expect(await Promise.all([early, alsoEarly])).toEqual([{ kind: 'relieved' }, { kind: 'relieved' }])
  const another = watchers.watch(progress, signal)
  watchers.resolve({ kind: 'exhausted' })
  expect(await Promise.all([good, another])).toEqual([{ kind: 'exhausted' }, { kind: 'exhausted' }])
})

test('who comes early, but too late for that, is relieved at once', async () => {
  const watchers = new Watchers()
  const good = watchers.watch(progress, signal)
  expect(await watchers.watch(progress, signal, true)).toEqual({ kind: 'relieved' })
  watchers.resolve({ kind: 'stopped' })
  expect(await good).toEqual({ kind: 'stopped' })
})

test('until then it learns what the others do', async () => {
  const watchers = new Watchers()
  const early = watchers.watch(progress, signal, true)
  watchers.resolve({ kind: 'failed', error: 'a task failed' })
  expect(await early).toEqual({ kind: 'failed', error: 'a task failed' })
})
