import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { variableOf } from '../../src/spec/configuration-environment.js'
import { type ConfigurationKey, configurationKeys } from '../../src/spec/configuration-keys.js'
import { parseJobSpec, resolveJobSpec } from '../../src/spec/job-spec.js'
import { unsupportedKeys } from '../../src/spec/unsupported-keys.js'
import { load } from './with-file.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const documentation = read('docs/configuration.md')
const sample = read('tidemark.yaml')
const keys = Object.values(configurationKeys) as unknown as readonly ConfigurationKey<unknown>[]

describe('docs/configuration.md', () => {
  const rowOf = (key: string) => documentation.split('\n').find((line) => line.startsWith(`| \`${key}\` |`)) ?? ''

  it.each(keys)('explains $name', (key) => {
    const row = rowOf(key.name)
    for (const other of key.otherNames) expect(row).toContain(`\`${other}\``)
    expect(row).toMatch(new RegExp(`\\| ${key.scope} \\|`))
    const fallback = key.print(key.default({ cwd: '/nowhere', processors: 123 }))
    const dependsOnHost =
      JSON.stringify(fallback).includes('/nowhere') ||
      fallback === null ||
      fallback === 50 * 123 ||
      fallback === 4 * 123
    if (!dependsOnHost) expect(row).toContain(`| \`${fallback}\` |`)
  })

  it.each(unsupportedKeys)('explains $name, which has no choice', ({ name, otherNames }) => {
    expect(rowOf(name)).not.toBe('')
    for (const other of otherNames) expect(rowOf(name)).toContain(`\`${other}\``)
  })

  it('names no key that there is not', () => {
    const known = [...keys, ...unsupportedKeys].map(({ name }) => name)
    const documented = [...documentation.matchAll(/^\| `([a-z][A-Za-z0-9.-]+)` \|/gm)].map(([, name]) => name)
    expect(documented.sort()).toEqual(known.sort())
  })

  it('shows an argument that is valid, with the defaults', () => {
    const [, example = ''] = /```json\n([\s\S]*?)```/.exec(documentation) ?? []
    const parsed = parseJobSpec(JSON.parse(example))
    const bare = parseJobSpec({ definition: 'flight-delays', args: { input: '...' }, restore: { from: 'chk-12' } })
    if (!parsed.ok || !bare.ok) throw new Error('the example is not valid')
    const config = load('')
    expect(resolveJobSpec(parsed.spec, config)).toEqual(resolveJobSpec(bare.spec, config))
  })

  it('shows three spellings that mean the same', () => {
    const spellings = [...documentation.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => load(yaml))
    expect(spellings.map(({ jobDefaults }) => jobDefaults.checkpointing.interval)).toEqual([30_000, 30_000, 30_000])
  })
})

describe('tidemark.yaml', () => {
  /** The commented-out settings: `# key: value`. */
  const uncommented = sample.replace(/^# (?=[a-z0-9-]+(?:\.[A-Za-z0-9-]+)+: )/gm, '')

  it('has comments only', () => {
    expect(parse(sample)).toBeNull()
  })

  it('holds every key once, with the default', () => {
    const settings = uncommented.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(settings.map((line) => line.slice(0, line.indexOf(':'))).sort()).toEqual(keys.map(({ name }) => name).sort())
    const withoutHostValues = settings.filter(
      (line) =>
        !/^(?:tidemark\.(?:slots|threads)|restart-strategy\.type|s3\.endpoint|s3\.region|env\.hadoop|fs\.|dfs\.|tidemark\.hdfs|metrics\.|io\.tmp).*:/.test(
          line,
        ),
    )
    const configuration = load(withoutHostValues.join('\n'))
    for (const { key, value, source } of configuration.entries()) {
      const definition = keys.find(({ name }) => name === key)
      if (source === 'default' || !definition) continue
      const directory = ['state.checkpoints.dir', 'state.backend.fs.checkpointdir', 'tidemark.allowed-dirs'].includes(
        key,
      )
      if (!directory)
        expect([key, value]).toEqual([key, definition.print(definition.default({ cwd: '/', processors: 1 }))])
    }
    expect(configuration.checkpointsDir).toMatch(/^file:\/\/\/.*\/\.tidemark\/checkpoints$/)
    expect(configuration.dataDir).toBe(configuration.checkpointsDir)
    expect(configuration.checkpointsDir).toBe(`${configuration.allowedDirs[0]}/.tidemark/checkpoints`)
  })
})

it('no two keys share a variable', () => {
  const owners = new Map<string, string>()
  for (const { name, otherNames } of [...keys, ...unsupportedKeys]) {
    for (const each of [name, ...otherNames]) {
      const variable = variableOf(each)
      expect(owners.get(variable) ?? name).toBe(name)
      owners.set(variable, name)
    }
  }
})
