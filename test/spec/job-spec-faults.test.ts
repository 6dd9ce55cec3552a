import { describe, expect, it } from 'vitest'
import { maxJobSpecBytes, parseJobSpec } from '../../src/spec/job-spec.js'

/** The one fault of an input: `<path> <message>`. */
function faultOf(input: unknown): string {
  const parsed = parseJobSpec(input)
  if (parsed.ok) return 'none'
  return parsed.faults.map(({ path, message }) => `${path} ${message}`).join(' AND ')
}

const job = (rest: object) => ({ definition: 'a', ...rest })

describe('the argument as a whole', () => {
  it.each<[unknown, string]>([
    [undefined, ' is missing'],
    [null, ' must be an object, got null'],
    ['flight-delays', ' must be an object, got "flight-delays"'],
    [[{ definition: 'a' }], ' must be an object, got a list of 1'],
    [{}, 'definition is missing'],
    [{ definition: 3 }, 'definition must be text, got 3'],
    [job({ paralellism: 2 }), 'paralellism is not a known key (did you mean "parallelism"?)'],
    [
      job({ zzz: 2 }),
      'zzz is not a known key (known are definition, args, parallelism, checkpointing, restartStrategy, restore)',
    ],
    [job({ checkpointing: null }), 'checkpointing must be an object, got null'],
    [job({ restartStrategy: 'none' }), 'restartStrategy must be an object, got "none"'],
    [job({ restore: 'latest' }), 'restore must be an object, got "latest"'],
  ])('%j', (input, fault) => {
    expect(faultOf(input)).toBe(fault)
  })

  it('at most 256 KiB as JSON, counted in UTF-8', () => {
    const frame = JSON.stringify(job({ args: { text: '' } })).length
    const filled = (bytes: number) => job({ args: { text: 'ü'.repeat((bytes - frame) / 2) } })
    expect(faultOf(filled(maxJobSpecBytes))).toBe('none')
    expect(faultOf(filled(300 * 1024))).toBe(
      ' has 300.0 KiB as JSON, above the 256.0 KiB that fit: put what is large into a file and name it in args',
    )
  })

  it.each(['', '../x', 'größe', '/abs', 'a b', 'a/b', '.', 'x'.repeat(129)])('definition %j', (definition) => {
    expect(faultOf({ definition })).toMatch(/^definition must begin with an ASCII letter or digit, .*, got "/)
  })

  it('a prototype as a key is a key like others, and changes nothing', () => {
    const input: unknown = JSON.parse('{"definition":"a","__proto__":{"parallelism":9}}')
    expect(faultOf(input)).toMatch(/^__proto__ is not a known key/)
  })
})

describe('args', () => {
  it.each<[unknown, string]>([
    [{ f: () => 1 }, 'must be plain JSON, got a function in it'],
    [[Number.NaN], 'must be plain JSON, got NaN in it'],
    [{ at: new Date(0) }, 'must be plain JSON, got an object in it'],
    [[undefined], 'must be plain JSON, got undefined in it'],
    [10n, 'must be plain JSON, got 10 in it'],
  ])('%o', (args, message) => {
    expect(faultOf(job({ args }))).toBe(`args ${message}`)
  })
})

it('args nested so deep that walking them could break', () => {
  const args: unknown = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000))
  expect(faultOf(job({ args }))).toBe('args must be nested at most 100 deep')
})

describe('parallelism', () => {
  it.each<[unknown, string]>([
    [0, 'must be at least 1, got 0'],
    [-4, 'must be at least 1, got -4'],
    [1.5, 'must be a whole number, got 1.5'],
    ['2', 'must be a number, got "2"'],
    [32_769, 'must be at most 32768, got 32769'],
    [1e300, 'must be at most 32768, got 1e+300'],
    [Number.NaN, 'must be a number, got NaN'],
  ])('%o', (parallelism, message) => {
    expect(faultOf(job({ parallelism }))).toBe(`parallelism ${message}`)
  })
})

describe('checkpointing', () => {
  it.each<[string, unknown, string | RegExp]>([
    ['interval', 5, 'must be at least 10ms, got 5ms'],
    ['interval', '-1s', 'must not be negative, got "-1s"'],
    ['interval', '500d', 'must be at most 365d, got 500d'],
    ['interval', 1e300, 'must be at most ten years, got 1e+300 ms'],
    ['interval', true, /^must be a duration such as/],
    ['interval', 'off', /^must be a duration such as/],
    ['timeout', 0, 'must be at least 10ms, got 0s'],
    ['timeout', 'none', /^must be a duration such as/],
    ['minPause', -1, 'must not be negative, got -1'],
    ['minPauseBetweenCheckpoints', 1, 'is not a known key (did you mean "minPause"?)'],
    ['min_pause', 1, 'is not a known key (did you mean "minPause"?)'],
    ['tolerableFailedCheckpoints', -1, 'must be at least 0, got -1'],
    ['retention', 'RETAIN_ON_CANCELATION', /^must be one of .* \(did you mean "RETAIN_ON_CANCELLATION"\?\)$/],
    ['retention', null, /^must be one of NO_EXTERNALIZED_CHECKPOINTS, .*, got null$/],
    ['numRetained', 0, 'must be at least 1, got 0'],
    ['numRetained', 1_001, 'must be at most 1000, got 1001'],
    ['incremental', 'true', 'must be true or false, got "true"'],
  ])('%s: %o', (field, value, message) => {
    expectFault(job({ checkpointing: { [field]: value } }), `checkpointing.${field}`, message)
  })
})

describe('restartStrategy', () => {
  const types = 'none, fixed-delay, failure-rate, exponential-delay'
  it.each<[string | undefined, string, unknown, string | RegExp]>([
    [undefined, 'type', undefined, `is missing: it must be one of ${types}`],
    ['fixed_delay', 'type', 'fixed_delay', `must be one of ${types}, got "fixed_delay" (did you mean "fixed-delay"?)`],
    ['none', 'attempts', 1, 'is not a known key (known are type)'],
    ['fixed-delay', 'attempt', 1, 'is not a known key (did you mean "attempts"?)'],
    ['fixed-delay', 'attempts', -1, 'must be at least 0, got -1'],
    ['fixed-delay', 'delay', 'soon', /^must be a duration/],
    ['failure-rate', 'maxFailuresPerInterval', 0, 'must be at least 1, got 0'],
    ['failure-rate', 'failureRateInterval', 0, 'must be at least 1ms, got 0s'],
    ['exponential-delay', 'initialBackoff', 0, 'must be at least 1ms, got 0s'],
    ['exponential-delay', 'backoffMultiplier', 0.9, 'must be at least 1, got 0.9'],
    ['exponential-delay', 'backoffMultiplier', Number.POSITIVE_INFINITY, /^must be a number, got Infinity$/],
    ['exponential-delay', 'jitterFactor', -0.1, 'must be at least 0, got -0.1'],
    ['exponential-delay', 'jitterFactor', 1.1, 'must be at most 1, got 1.1'],
    ['exponential-delay', 'attemptsBeforeResetBackoff', 0, 'must be at least 1, got 0'],
    ['exponential-delay', 'attemptsBeforeResetBackoff', 'many', 'must be a number, got "many"'],
  ])('%s, %s: %o', (type, field, value, message) => {
    expectFault(job({ restartStrategy: { type, [field]: value } }), `restartStrategy.${field}`, message)
  })

  it('a back-off above its maximum', () => {
    const restartStrategy = { type: 'exponential-delay', initialBackoff: '2s', maxBackoff: '1s' }
    const message = 'must be at least the initial backoff, 2s, got 1s'
    expect(faultOf(job({ restartStrategy }))).toBe(`restartStrategy.maxBackoff ${message}`)
  })
})

describe('restore', () => {
  it.each<[unknown, RegExp]>([
    [undefined, /^is missing$/],
    ['', /^must be none, latest, chk-<number>, or the absolute path or URI of a checkpoint, got empty text$/],
    ['latst', /got "latst" \(did you mean "latest"\?\)$/],
    ['chk-0', /got "chk-0"/],
    ['chk-007', /got "chk-007"/],
    ['chk-1e3', /got "chk-1e3"/],
    ['../chk-3', /got "\.\.\/chk-3" \(a relative path names another place on each host\)$/],
    ['C:\\checkpoints\\chk-3', /^must be none, latest, /],
    ['/a\0b', /^must hold no control character, got "\/a\\u0000b"$/],
    [`/${'x'.repeat(1_000_000)}`, /^must be at most 4096 long, got 1000001 characters$/],
    [12, /^must be text, got 12$/],
  ])('from: %o', (from, message) => {
    expectFault(job({ restore: { from } }), 'restore.from', message)
  })

  it.each<[string, unknown, string | RegExp]>([
    ['claimMode', 'LEGACY', 'must be one of NO_CLAIM, CLAIM, got "LEGACY"'],
    ['allowNonRestoredState', 1, 'must be true or false, got 1'],
    ['allowNonRestoredStates', true, 'is not a known key (did you mean "allowNonRestoredState"?)'],
  ])('%s: %o', (field, value, message) => {
    expectFault(job({ restore: { from: 'latest', [field]: value } }), `restore.${field}`, message)
  })

  it('claiming nothing', () => {
    expect(faultOf(job({ restore: { from: 'none', fallback: true } }))).toBe(
      'restore.fallback must not be true where from is none: there is nothing to fall back from',
    )
    expect(faultOf(job({ restore: { from: 'none', claimMode: 'CLAIM' } }))).toBe(
      'restore.claimMode must not be CLAIM where from is none: there is nothing to claim',
    )
  })
})

function expectFault(input: unknown, path: string, message: string | RegExp): void {
  const fault = faultOf(input)
  expect(fault.slice(0, path.length + 1)).toBe(`${path} `)
  const told = fault.slice(path.length + 1)
  if (typeof message === 'string') expect(told).toBe(message)
  else expect(told).toMatch(message)
}
