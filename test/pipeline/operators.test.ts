import { describe, expect, test } from 'vitest'
import { buildGraph } from '../../src/pipeline/build-graph.js'
import { from } from '../../src/pipeline/from.js'
import type { Stream } from '../../src/pipeline/stream.js'
import { listSource, nowhere, runGraph } from './run-graph.js'

async function outputOf<T>(stream: Stream<T>): Promise<unknown[]> {
  const { output } = await runGraph(buildGraph('test', stream.to(nowhere)))
  return output.get('sink') ?? []
}

describe('stateless steps', () => {
  const numbers = from(listSource([1, 2, 3, 4, 5]))

  test('map, filter and flatMap do what arrays do', async () => {
    const list = [1, 2, 3, 4, 5]
    const double = (n: number) => n * 2
    const isOdd = (n: number) => n % 2 === 1
    const upTo = (n: number) => Array.from({ length: n }, (_, index) => index)
    expect(await outputOf(numbers.map(double))).toEqual(list.map(double))
    expect(await outputOf(numbers.filter(isOdd))).toEqual(list.filter(isOdd))
    expect(await outputOf(numbers.flatMap(upTo))).toEqual(list.flatMap(upTo))
    expect(await outputOf(numbers.filter(isOdd).flatMap(upTo).map(double))).toEqual(
      list.filter(isOdd).flatMap(upTo).map(double),
    )
  })

  test('flatMap takes any iterable', async () => {
    const pairs = numbers.flatMap(function* (n) {
      yield n
      if (n > 4) yield -n
    })
    expect(await outputOf(pairs)).toEqual([1, 2, 3, 4, 5, -5])
  })

  test('refuse async functions and what is no function', () => {
    expect(() => numbers.map(async (n) => n)).toThrow('map was given an async function')
    expect(() => numbers.filter('odd' as never)).toThrow('filter needs a function, not string')
    expect(() =>
      numbers.keyBy(String).process({ id: 'a', version: 1, state: () => ({}), onRecord: (async () => {}) as never }),
    ).toThrow(`The onRecord of process 'a' was given an async function`)
  })
})

describe('process', () => {
  const words = from(listSource(['b', 'a', 'b', 'c', 'b', 'a']))

  test('keeps a state for each key, changed in place or replaced', async () => {
    const counted = ['b1', 'a1', 'b2', 'c1', 'b3', 'a2']
    const inPlace = words.keyBy(String).process({
      id: 'counts',
      version: 1,
      state: () => ({ count: 0 }),
      onRecord(state, word, out) {
        state.count += 1
        out.collect(`${word}${state.count}`)
      },
    })
    expect(await outputOf(inPlace)).toEqual(counted)
    const replaced = words.keyBy(String).process({
      id: 'counts',
      version: 1,
      state: () => 0,
      *onRecord(count, _word, _out, context) {
        yield `${context.key}${count + 1}`
        return count + 1
      },
    })
    expect(await outputOf(replaced)).toEqual(counted)
  })

  test('gives every key its own first state, and keeps null for a state', async () => {
    const seen = words.keyBy(String).process({
      id: 'seen',
      version: 1,
      state: (): string | null => 'first',
      *onRecord(state, word) {
        yield `${word} ${state}`
        return null
      },
    })
    expect(await outputOf(seen)).toEqual(['b first', 'a first', 'b null', 'c first', 'b null', 'a null'])
  })

  test('sets a state that was changed in place, so that the next snapshot has it', async () => {
    const stream = words.keyBy(String).process({
      id: 'counts',
      version: 1,
      state: () => ({ count: 0 }),
      onRecord(state) {
        state.count += 1
      },
    })
    const { states } = await runGraph(buildGraph('test', stream.to(nowhere)))
    expect(Object.fromEntries(states.get('counts') ?? [])).toEqual({
      a: { count: 2 },
      b: { count: 3 },
      c: { count: 1 },
    })
  })

  test('forgets a key on clearState, unless a new state is returned', async () => {
    const stream = words.keyBy(String).process({
      id: 'counts',
      version: 1,
      state: () => 0,
      onRecord(count, word, _out, context) {
        if (count === 1) context.clearState()
        if (count === 1 && word === 'b') return 10
        return count === 1 ? undefined : count + 1
      },
    })
    const { states } = await runGraph(buildGraph('test', stream.to(nowhere)))
    // b: 0 -> 1 -> cleared but replaced by 10 -> 11; a: 0 -> 1 -> cleared; c: 0 -> 1
    expect(Object.fromEntries(states.get('counts') ?? [])).toEqual({ b: 11, c: 1 })
  })

  test('emits at the end of its input, and what is below sees it', async () => {
    const totals = words
      .keyBy(String)
      .process({
        id: 'counts',
        version: 1,
        state: () => 0,
        onRecord: (count) => count + 1,
        *onEnd(entries) {
          for (const [word, count] of entries) yield `${word}${count}`
        },
      })
      .keyBy(() => 'all')
      .process({
        id: 'joined',
        version: 1,
        state: (): string[] => [],
        onRecord: (all, text) => [...all, text],
        onEnd(entries, out) {
          for (const [, all] of entries) out.collect(all.join(' '))
        },
      })
    expect(await outputOf(totals)).toEqual(['b3 a2 c1'])
  })

  test('a generator that collects besides is told to yield', async () => {
    const mixed = words.keyBy(String).process({
      id: 'mixed',
      version: 1,
      state: () => 0,
      *onRecord(count, _word, out) {
        out.collect(count)
        yield count
      },
    })
    await expect(outputOf(mixed)).rejects.toThrow('a generator emits with yield, not with out.collect')
  })
})

test('reduce emits the key and its accumulator after each record', async () => {
  const sums = from(listSource([1, 2, 3, 4]))
    .keyBy((n) => n % 2)
    .reduce({ id: 'sums', version: 1, initial: () => 100, add: (sum, n, key) => sum + n + key })
  expect(await outputOf(sums)).toEqual([
    { key: 1, value: 102 },
    { key: 0, value: 102 },
    { key: 1, value: 106 },
    { key: 0, value: 106 },
  ])
})

describe('a key', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['true', true],
    ['an object ({"a":1})', { a: 1 }],
    ['5', 5n],
  ])('that is %s is refused, in process and in reduce', async (shown, key) => {
    const message = `keyBy gave ${shown} for this record: a key must be a string or a finite number`
    const keyed = from(listSource(['record'])).keyBy(() => key as unknown as string)
    const processed = keyed.process({ id: 'a', version: 1, state: () => 0, onRecord: (count) => count + 1 })
    await expect(outputOf(processed)).rejects.toThrow(message)
    const reduced = keyed.reduce({ id: 'a', version: 1, initial: () => 0, add: (count) => count + 1 })
    await expect(outputOf(reduced)).rejects.toThrow(message)
  })

  test('that is a number is not the text of it', async () => {
    const counts = from(listSource([1, '1', 1]))
      .keyBy((key) => key)
      .reduce({ id: 'a', version: 1, initial: () => 0, add: (count) => count + 1 })
    expect(await outputOf(counts)).toEqual([
      { key: 1, value: 1 },
      { key: '1', value: 1 },
      { key: 1, value: 2 },
    ])
  })
})
