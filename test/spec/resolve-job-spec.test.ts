import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jobDefaults } from '../../src/spec/job-defaults.js'
import { type JobSpec, parseJobSpec, resolveJobSpec } from '../../src/spec/job-spec.js'
import { contractExample as full } from './contract-example.js'

function resolved(input: unknown, config: Parameters<typeof resolveJobSpec>[1] = { jobDefaults }): JobSpec {
  const parsed = parseJobSpec(input)
  if (!parsed.ok) throw new Error(parsed.message)
  return resolveJobSpec(parsed.spec, config)
}

describe('resolveJobSpec', () => {
  it('fills in the defaults of the contract', () => {
    const { definition, args } = full
    expect(resolved({ definition, args })).toStrictEqual(resolved({ ...full, restore: undefined }))
    expect(resolved(full)).toStrictEqual({
      definition: 'flight-delays',
      args: { input: '...' },
      parallelism: 1,
      checkpointing: {
        interval: 10_000,
        timeout: 600_000,
        minPause: 0,
        tolerableFailedCheckpoints: 3,
        retention: 'RETAIN_ON_CANCELLATION',
        numRetained: 3,
        incremental: true,
        dataInlineThreshold: 20_480,
      },
      restartStrategy: {
        type: 'exponential-delay',
        initialBackoff: 1_000,
        maxBackoff: 60_000,
        backoffMultiplier: 1.5,
        resetBackoffThreshold: 3_600_000,
        jitterFactor: 0.1,
        attemptsBeforeResetBackoff: null,
      },
      restore: { ...full.restore, fallback: false },
    })
  })

  it("leaves restore absent, since to choose is the launcher's part", () => {
    expect(resolved({ definition: 'a' })).not.toHaveProperty('restore')
    expect(resolved({ definition: 'a', restore: { from: 'latest' } }).restore).toStrictEqual({
      from: 'latest',
      claimMode: 'NO_CLAIM',
      allowNonRestoredState: false,
      fallback: false,
    })
  })

  it("takes the launcher's value, else the configuration's", () => {
    const config = {
      jobDefaults: {
        ...jobDefaults,
        checkpointing: { ...jobDefaults.checkpointing, interval: 30_000, numRetained: 7 },
        restartStrategies: {
          ...jobDefaults.restartStrategies,
          'fixed-delay': { type: 'fixed-delay', attempts: 9, delay: 50 },
        },
        restore: { claimMode: 'CLAIM', allowNonRestoredState: true },
      },
    } as const
    const spec = resolved(
      {
        definition: 'a',
        checkpointing: { numRetained: 2 },
        restartStrategy: { type: 'fixed-delay', delay: '4s' },
        restore: { from: 'chk-3', allowNonRestoredState: false },
      },
      config,
    )
    expect(spec.checkpointing).toMatchObject({ interval: 30_000, numRetained: 2, timeout: 600_000 })
    expect(spec.restartStrategy).toStrictEqual({ type: 'fixed-delay', attempts: 9, delay: 4_000 })
    expect(spec.restore).toStrictEqual({
      from: 'chk-3',
      claimMode: 'CLAIM',
      allowNonRestoredState: false,
      fallback: false,
    })
  })

  it('restarts without a chosen strategy only while checkpointing is on', () => {
    const off = { definition: 'a', checkpointing: { interval: 'none' } }
    expect(resolved(off).restartStrategy).toStrictEqual({ type: 'none' })
    expect(resolved({ definition: 'a' }).restartStrategy.type).toBe('exponential-delay')
    const chosen = { jobDefaults: { ...jobDefaults, restartStrategy: 'failure-rate' as const } }
    expect(resolved(off, chosen).restartStrategy.type).toBe('failure-rate')
    expect(resolved({ ...off, restartStrategy: { type: 'fixed-delay' } }, chosen).restartStrategy.type).toBe(
      'fixed-delay',
    )
  })

  it('refuses a value that does not go with a default', () => {
    expect(() =>
      resolved({ definition: 'a', restartStrategy: { type: 'exponential-delay', initialBackoff: '5min' } }),
    ).toThrow(
      'Invalid job spec, with the defaults filled in: restartStrategy.maxBackoff must be at least the initial backoff, 5min, got 1min.',
    )
    const claims = {
      jobDefaults: { ...jobDefaults, restore: { claimMode: 'CLAIM' as const, allowNonRestoredState: false } },
    }
    expect(resolved({ definition: 'a', restore: { from: 'none' } }, claims).restore?.claimMode).toBe('NO_CLAIM')
  })

  it('gives a valid argument with the same meaning', () => {
    const ms = fc.integer({ min: 10, max: 86_400_000 })
    const input = fc.record(
      {
        definition: fc.constant('a'),
        args: fc.jsonValue({ maxDepth: 3 }),
        parallelism: fc.integer({ min: 1, max: 32_768 }),
        checkpointing: fc.record(
          { interval: fc.oneof(fc.constantFrom(0, 'none'), ms), timeout: ms, minPause: ms },
          { requiredKeys: [] },
        ),
        restartStrategy: fc.oneof(
          fc.record({ type: fc.constant('none') }),
          fc.record({ type: fc.constant('fixed-delay'), attempts: fc.nat() }, { requiredKeys: ['type'] }),
          fc.record({
            type: fc.constant('exponential-delay'),
            attemptsBeforeResetBackoff: fc.constantFrom('infinite', 3),
          }),
        ),
        restore: fc.record({ from: fc.constantFrom('none', 'latest', 'chk-4', '/a/b') }),
      },
      { requiredKeys: ['definition'] },
    )
    fc.assert(
      fc.property(input, (given) => {
        const spec = resolved(given)
        const travelled = JSON.parse(JSON.stringify(spec))
        expect(resolved(travelled)).toEqual(travelled)
      }),
    )
  })
})
