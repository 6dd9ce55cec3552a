import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type Configuration, loadConfiguration } from '../../src/spec/configuration.js'
import { variableOf } from '../../src/spec/configuration-environment.js'
import { configurationKeys } from '../../src/spec/configuration-keys.js'
import { configurationJson, renderConfiguration } from '../../src/spec/render-configuration.js'
import { temporaryDirectory } from './with-file.js'

const time = fc.integer({ min: 4_000, max: 29_000 }).map((ms) => `${ms}ms`)
const directory = fc.constantFrom('/a', 'b', './b/c/', 'file:///x/../y', '/sp ace/ü', 'memory://m')

/** A valid value for each key; the ranges are such that no rule between keys is broken. */
const valuesOf: Record<string, fc.Arbitrary<unknown>> = {
  checkpointsDir: directory,
  dataDir: directory,
  allowedDirs: fc.array(directory, { minLength: 1 }),
  interval: fc.oneof(time, fc.constantFrom('none', 0)),
  minPause: time,
  tolerableFailedCheckpoints: fc.nat(9),
  retention: fc.constantFrom('NO_EXTERNALIZED_CHECKPOINTS', 'DELETE_ON_CANCELLATION', 'RETAIN_ON_CANCELLATION'),
  numRetained: fc.integer({ min: 1, max: 1_000 }),
  incremental: fc.boolean(),
  restartStrategy: fc.constantFrom('none', 'fixed-delay', 'failure-rate', 'exponential-delay'),
  backoffMultiplier: fc.double({ min: 1, max: 1_000, noNaN: true }),
  jitterFactor: fc.double({ min: 0, max: 1, noNaN: true }),
  attemptsBeforeResetBackoff: fc.oneof(fc.constant('infinite'), fc.integer({ min: 1 })),
  heartbeatInterval: fc.integer({ min: 100, max: 2_999 }),
  allowDeleteOnCancel: fc.boolean(),
  taskQueue: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/),
  slots: fc.integer({ min: 1, max: 10_000 }),
  threads: fc.integer({ min: 1, max: 1_000 }),
}

/** Some keys with values, by name. */
const settings: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc
  .record(valuesOf, { requiredKeys: [] })
  .map((values) =>
    Object.fromEntries(
      Object.entries(values).map(([property, value]) => [
        configurationKeys[property as keyof typeof configurationKeys].name,
        value,
      ]),
    ),
  )

function nested(flat: Readonly<Record<string, unknown>>, cutAt: (key: string) => number): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(flat)) {
    const segments = key.split('.')
    // The first segments stay one dotted key, the rest is nested below.
    const cut = cutAt(key)
    const path = [segments.slice(0, cut).join('.'), ...segments.slice(cut)]
    let map = root
    for (const segment of path.slice(0, -1)) {
      map[segment] = map[segment] ?? {}
      map = map[segment] as Record<string, unknown>
    }
    map[path.at(-1) ?? ''] = value
  }
  return root
}

function meaningOf(configuration: Configuration): unknown {
  return configuration.entries().map(({ key, value }) => ({ key, value }))
}

function withFile(cwd: string, yaml: string): Configuration {
  writeFileSync(join(cwd, 'tidemark.yaml'), yaml)
  return loadConfiguration({ cwd, env: {} })
}

it('flat, nested, mixed and in the environment: the same values mean the same', () => {
  const cwd = temporaryDirectory()
  fc.assert(
    fc.property(settings, fc.infiniteStream(fc.integer({ min: 1, max: 3 })), (flat, cuts) => {
      const expected = withFile(cwd, stringify(flat))
      expect(meaningOf(withFile(cwd, stringify(nested(flat, () => 1))))).toEqual(meaningOf(expected))
      const mixed = nested(flat, (key) => Math.min(cuts.next().value ?? 1, key.split('.').length - 1))
      expect(meaningOf(withFile(cwd, stringify(mixed)))).toEqual(meaningOf(expected))

      rmSync(join(cwd, 'tidemark.yaml'))
      const text = (value: unknown) => (Array.isArray(value) ? value.join(';') : String(value))
      const env = Object.fromEntries(Object.entries(flat).map(([key, value]) => [variableOf(key), text(value)]))
      const fromEnvironment = loadConfiguration({ cwd, env })
      expect(meaningOf(fromEnvironment)).toEqual(meaningOf(expected))
      expect(fromEnvironment.canonical()).toBe(expected.canonical())
      expect(fromEnvironment.jobDefaults).toEqual(expected.jobDefaults)
    }),
  )
})

it('what is printed is a configuration with the same meaning, and printing that gives the same values', () => {
  const cwd = temporaryDirectory()
  fc.assert(
    fc.property(settings, (flat) => {
      const configuration = withFile(cwd, stringify(flat))
      const again = withFile(cwd, renderConfiguration(configuration))
      expect(again.canonical()).toBe(configuration.canonical())
      expect(meaningOf(again)).toEqual(meaningOf(configuration))
      expect(again.jobDefaults).toEqual(configuration.jobDefaults)
    }),
  )
})

it('prints each key once, with its value and where that came from', () => {
  const cwd = temporaryDirectory()
  const configuration = withFile(
    cwd,
    'tidemark:\n  allowed-dirs: [/b, "/a: b"]\nexecution.checkpointing.interval: none',
  )
  const text = renderConfiguration(configuration)
  expect(text.split('\n')).toHaveLength(configuration.entries().length + 1)
  expect(text).toMatch(/^tidemark\.allowed-dirs: \[file:\/\/\/a:%20b, file:\/\/\/b\] +# file tidemark\.yaml:2$/m)
  expect(text).toMatch(/^execution\.checkpointing\.interval: none +# file tidemark\.yaml:3$/m)
  expect(text).toMatch(/^# restart-strategy\.type: not set +# default$/m)
  expect(configurationJson(configuration)).toMatchObject({
    'tidemark.allowed-dirs': { value: ['file:///a:%20b', 'file:///b'], source: 'file tidemark.yaml:2' },
    'execution.checkpointing.timeout': { value: '10min', source: 'default' },
    'restart-strategy.type': { value: null, source: 'default' },
    'tidemark.allow-delete-on-cancel': { value: true, source: 'default' },
  })
})
