import { describe, expect, test } from 'vitest'
import { buildGraph } from '../../src/pipeline/build-graph.js'
import { from } from '../../src/pipeline/from.js'
import type { Pipeline } from '../../src/pipeline/plan.js'
import type { Stream } from '../../src/pipeline/stream.js'
import { listSource, nowhere, runGraph } from './run-graph.js'

const numbers = from(listSource([1, 2, 3, 4]))

function count<T>(stream: Stream<T>, id: string, version = 1) {
  return stream.keyBy(String).process({ id, version, state: () => 0, onRecord: (n) => n + 1 })
}

describe('a graph', () => {
  test('is a tree below its source, with default ids', () => {
    const graph = buildGraph('job', count(numbers.map(String), 'counts').to(nowhere))
    expect(graph.sources.map(({ id }) => id)).toEqual(['source'])
    const [map] = graph.sources[0]?.downstream ?? []
    expect(map).toMatchObject({ kind: 'operator', stateful: false, operator: { name: 'map(String)' } })
    expect(map?.kind === 'operator' && map.downstream).toMatchObject([
      {
        kind: 'operator',
        stateful: true,
        operator: { id: 'counts', version: 1 },
        downstream: [{ kind: 'sink', id: 'sink' }],
      },
    ])
  })

  test('has a step that several streams share only once', async () => {
    let calls = 0
    const shared = numbers.map((n) => {
      calls += 1
      return n * 10
    })
    const graph = buildGraph('job', [
      shared.to(nowhere, { id: 'all' }),
      shared.filter((n) => n > 20).to(nowhere, { id: 'large' }),
    ])
    expect(graph.sources).toHaveLength(1)
    expect(graph.sources[0]?.downstream).toHaveLength(1)
    const { output } = await runGraph(graph)
    expect(Object.fromEntries(output)).toEqual({ all: [10, 20, 30, 40], large: [30, 40] })
    expect(calls).toBe(4)
  })

  test('may have several sources, each with its id', () => {
    const pipelines = ['a', 'b'].map((id) => from(listSource([id]), { id }).to(nowhere, { id: `to-${id}` }))
    expect(buildGraph('job', pipelines).sources.map(({ id }) => id)).toEqual(['a', 'b'])
  })
})

describe('keyed state is of each split', () => {
  const keyOf = (n: number) => n % 2
  const promised = from(listSource([1, 2, 3, 4]), { partitionedBy: keyOf })
  const state = { version: 1, initial: () => 0, add: (sum: number) => sum + 1 }
  const scopes = (pipeline: Pipeline) => {
    const [first] = buildGraph('job', pipeline).sources[0]?.downstream ?? []
    const [second] = first?.kind === 'operator' ? first.downstream : []
    return [first, second].map((node) => (node?.kind === 'operator' && node.stateful ? node.scope : undefined))
  }

  test('where the source promises that very key', () => {
    expect(
      scopes(
        promised
          .keyBy(keyOf)
          .reduce({ id: 'a', ...state })
          .to(nowhere),
      ),
    ).toEqual(['split', undefined])
    const records = from(listSource([{ user: 'u' }]), { partitionedBy: 'user' })
    expect(
      scopes(
        records
          .keyBy('user')
          .reduce({ id: 'a', ...state })
          .to(nowhere),
      ),
    ).toEqual(['split', undefined])
  })

  test('over a filter, and for that key alone', () => {
    const filtered = promised.filter((n) => n > 1)
    expect(
      scopes(
        filtered
          .keyBy(keyOf)
          .reduce({ id: 'a', ...state })
          .to(nowhere),
      ),
    ).toEqual([undefined, 'split'])
    const twice = promised
      .keyBy(keyOf)
      .reduce({ id: 'a', ...state })
      .keyBy('key')
      .reduce({ id: 'b', ...state })
    expect(scopes(twice.to(nowhere))).toEqual(['split', 'job'])
    expect(
      scopes(
        numbers
          .keyBy(keyOf)
          .reduce({ id: 'a', ...state })
          .to(nowhere),
      ),
    ).toEqual(['job', undefined])
  })

  test.each([
    ['a function that only does the same', promised.keyBy((n) => n % 2).reduce({ id: 'a', ...state })],
    [
      'records that are no longer those of the source',
      promised
        .map((n) => n + 1)
        .keyBy(keyOf)
        .reduce({ id: 'a', ...state }),
    ],
    ['no keyBy at all', promised],
  ])('and not for %s, which is refused', (_, stream) => {
    expect(() => buildGraph('job', (stream as Stream<unknown>).to(nowhere))).toThrow(
      "Definition 'job' cannot run: its source list is partitionedBy a key that no keyBy below uses: give both",
    )
  })
})

describe('a graph is refused, with one sentence that names the operator, where', () => {
  const custom = { name: 'custom', open: () => ({ onRecord: () => {} }) }
  const once = numbers.to(nowhere)
  const cases: Record<string, [() => Pipeline | readonly Pipeline[], string]> = {
    'it is empty': [() => [], 'it has no pipeline'],
    'a stream has no sink': [() => numbers as never, 'end every stream with .to(sink)'],
    'a pipeline is returned twice': [() => [once, once], 'one and the same pipeline to nowhere() twice'],
    'one of several sources has no id': [
      () => [numbers.to(nowhere, { id: 'a' }), from(listSource([1], 'other'), { id: 'b' }).to(nowhere, { id: 'c' })],
      `its source list needs an id`,
    ],
    'one of several sinks has no id': [
      () => [numbers.to(nowhere, { id: 'a' }), numbers.to(nowhere)],
      `its sink nowhere() needs an id`,
    ],
    'two stateful operators have one id': [
      () => count(count(numbers, 'same').map(String), 'same').to(nowhere),
      `process 'same' and process 'same' have the same id 'same'`,
    ],
    'a stateful operator has the id of a sink': [
      () => count(numbers, 'sink').to(nowhere),
      `process 'sink' and its sink nowhere() have the same id 'sink'`,
    ],
    'a stateful operator has no id': [
      () => count(numbers, undefined as never).to(nowhere),
      `process 'undefined' needs an id`,
    ],
    'an id has a path in it': [() => count(numbers, '../x').to(nowhere), `not "../x"`],
    'an id is too long': [() => count(numbers, 'x'.repeat(65)).to(nowhere), 'needs an id of 1 to 64'],
    'a stateful operator has no version': [
      () =>
        count(numbers, 'a', undefined as never)
          .transform({ ...custom, id: 'b' } as never)
          .to(nowhere),
      'custom needs the version of its state',
    ],
    'a version is no whole number': [() => count(numbers, 'a', 1.5).to(nowhere), `process 'a' needs the version`],
    'a version is zero': [() => count(numbers, 'a', 0).to(nowhere), 'a whole number from 1, not 0'],
    'an operator of your own has a version but no id': [
      () => numbers.transform({ ...custom, version: 1 } as never).to(nowhere),
      'custom needs an id',
    ],
  }
  test.each(Object.entries(cases))('%s', (_name, [pipeline, message]) => {
    expect(() => buildGraph('job', pipeline())).toThrow(message)
    try {
      buildGraph('job', pipeline())
    } catch (error) {
      expect(error).toMatchObject({
        code: 'DefinitionError',
        message: expect.stringMatching(/^Definition 'job' cannot run: .*\.$/) as string,
      })
    }
  })
})
