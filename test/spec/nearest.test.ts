import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { misspelt, nearest, suggestion } from '../../src/spec/nearest.js'

const keys = [
  'execution.checkpointing.interval',
  'execution.checkpointing.timeout',
  'tidemark.heartbeat-interval',
  'tidemark.task-queue',
  'numRetained',
  'minPause',
]

describe('nearest', () => {
  it.each([
    ['execution.checkpointing.intervall', 'execution.checkpointing.interval'],
    ['execution.chekcpointing.interval', 'execution.checkpointing.interval'],
    ['EXECUTION_CHECKPOINTING_TIMEOUT', 'execution.checkpointing.timeout'],
    ['interval', 'execution.checkpointing.interval'],
    ['checkpoint.timeout', 'execution.checkpointing.timeout'],
    ['task-queue', 'tidemark.task-queue'],
    ['queue', 'tidemark.task-queue'],
    ['num-retained', 'numRetained'],
    ['num_retained', 'numRetained'],
    ['minPauseBetweenCheckpoints', 'minPause'],
    ['minpuase', 'minPause'],
  ])('takes %s for %s', (name, meant) => {
    expect(nearest(name, keys)).toBe(meant)
  })

  it.each(['', 'x', '....', 'jobmanager.rpc.address', '日本語', '__proto__', 'a'.repeat(10_000)])(
    'has no idea of %s',
    (name) => {
      expect(nearest(name, keys)).toBeUndefined()
    },
  )

  it('takes the nearest of several, and the first of equals', () => {
    expect(nearest('cancle', ['candle', 'cancel'])).toBe('candle')
    expect(nearest('cancell', ['candle', 'cancel'])).toBe('cancel')
    expect(nearest('lisd', ['list', 'lisp'])).toBe('list')
  })

  it('counts a swap of neighbours as one difference', () => {
    expect(misspelt('tsop', ['stop'])).toBe('stop')
    expect(misspelt('pots', ['stop'])).toBeUndefined()
  })

  it('finds every known name after any one typing error', () => {
    const typo = fc
      .tuple(fc.constantFrom(...keys), fc.nat(), fc.constantFrom('delete', 'double', 'swap'))
      .map(([key, at, kind]) => {
        const i = at % (key.length - 1)
        if (kind === 'delete') return [key, key.slice(0, i) + key.slice(i + 1)] as const
        if (kind === 'double') return [key, key.slice(0, i) + key[i] + key.slice(i)] as const
        return [key, key.slice(0, i) + key[i + 1] + key[i] + key.slice(i + 2)] as const
      })
    fc.assert(
      fc.property(typo, ([key, name]) => {
        expect(nearest(name, keys)).toBe(key)
      }),
    )
  })

  it('never suggests what is not known', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect([...keys, undefined]).toContain(nearest(name, keys))
      }),
    )
  })
})

it('words a suggestion for the end of a message', () => {
  expect(suggestion('intervall', ['interval'])).toBe(' (did you mean "interval"?)')
  expect(suggestion('zzz', ['interval'])).toBe('')
})
