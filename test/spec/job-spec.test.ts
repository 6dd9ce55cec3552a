import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJobSpec } from '../../src/spec/job-spec.js'
import { contractExample } from './contract-example.js'

describe('parseJobSpec', () => {
  it('takes the example of the contract', () => {
    expect(parseJobSpec(contractExample)).toMatchObject({ ok: true })
  })

  it('keeps absent what was left out', () => {
    expect(parseJobSpec({ definition: 'a' })).toStrictEqual({ ok: true, spec: { definition: 'a' } })
    const parsed = parseJobSpec({
      definition: 'a',
      checkpointing: { interval: '1s' },
      restartStrategy: { type: 'fixed-delay' },
    })
    expect(parsed).toStrictEqual({
      ok: true,
      spec: { definition: 'a', checkpointing: { interval: 1_000 }, restartStrategy: { type: 'fixed-delay' } },
    })
  })

  it.each([0, '0', '0s', 'none'])('reads interval %j as checkpointing off', (interval) => {
    expect(parseJobSpec({ definition: 'a', checkpointing: { interval } })).toMatchObject({
      spec: { checkpointing: { interval: 0 } },
    })
  })

  it.each([
    'none',
    'latest',
    'chk-1',
    'chk-9999',
    '/checkpoints/chk-3',
    '/with space/ünï/_metadata',
    's3://bucket/chk-1',
    'file:/c/chk-1',
  ])('takes %s to restore from', (from) => {
    expect(parseJobSpec({ definition: 'a', restore: { from } })).toMatchObject({ ok: true })
  })

  it('takes objects of another realm, as the workflow sandbox has them', () => {
    const input: unknown = runInNewContext('({ definition: "a", args: { list: [1, { deep: null }] } })')
    expect(parseJobSpec(input)).toMatchObject({ ok: true, spec: { args: { list: [1, { deep: null }] } } })
  })

  it('says everything that is wrong in one sentence', () => {
    const parsed = parseJobSpec({ checkpointing: { interval: 5, intervall: 6 }, restore: { from: 'x' } })
    expect(parsed).toMatchObject({
      ok: false,
      message:
        'Invalid job spec: definition is missing; checkpointing.interval must be at least 10ms, got 5ms; ' +
        'checkpointing.intervall is not a known key (did you mean "interval"?); ' +
        'restore.from must be none, latest, chk-<number>, or the absolute path or URI of a checkpoint, got "x".',
    })
  })

  it('keeps its answer small whatever it is given', () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${'k'.repeat(300)}${i}`, i]))
    const parsed = parseJobSpec({ definition: 'x'.repeat(1_000_000), ...many })
    expect(JSON.stringify(parsed).length).toBeLessThan(50_000)
  })

  it('never throws, and a refusal is a sentence', () => {
    const shaped = fc.record(
      {
        definition: fc.anything(),
        args: fc.anything(),
        checkpointing: fc.oneof(
          fc.anything(),
          fc.dictionary(fc.constantFrom(...Object.keys(contractExample.checkpointing)), fc.anything()),
        ),
        restartStrategy: fc.oneof(fc.anything(), fc.record({ type: fc.anything(), delay: fc.anything() })),
        restore: fc.oneof(fc.anything(), fc.record({ from: fc.oneof(fc.string(), fc.anything()) })),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(fc.anything({ withNullPrototype: true, withBigInt: true }), shaped), (input) => {
        const parsed = parseJobSpec(input)
        if (!parsed.ok) {
          expect(parsed.faults.length).toBeGreaterThan(0)
          expect(parsed.message).toMatch(/^Invalid job spec: [\s\S]+\.$/)
        }
      }),
    )
  })
})

it('can be part of the workflow: it imports zod and pure files of ours', () => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export) (?!type ).*?from '(.+?)'$/gms,
    )) {
      if (specifier.startsWith('.')) visit(resolve(dirname(file), specifier.replace(/\.js$/, '.ts')))
      else packages.add(specifier)
    }
  }
  visit(fileURLToPath(new URL('../../src/spec/job-spec.ts', import.meta.url)))
  visit(fileURLToPath(new URL('../../src/spec/job-id.ts', import.meta.url)))
  expect([...packages]).toEqual(['zod'])
  expect(seen.size).toBeGreaterThan(8)
})
