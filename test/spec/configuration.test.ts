import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/spec/configuration.js'
import { disagreements } from '../../src/spec/configuration-agreement.js'
import { jobDefaults } from '../../src/spec/job-defaults.js'
import { directoryWith, entry, load, refusal, temporaryDirectory } from './with-file.js'

describe('without a file and without variables', () => {
  it('everything has its default', () => {
    const cwd = temporaryDirectory()
    const configuration = loadConfiguration({ cwd, env: {} })
    expect(configuration).toMatchObject({
      checkpointsDir: `file://${cwd}/.tidemark/checkpoints`,
      dataDir: `file://${cwd}/.tidemark/checkpoints`,
      checkpointHistory: 10,
      taskQueue: 'tidemark',
      allowedDirs: [`file://${cwd}`],
      allowDeleteOnCancel: true,
      cancelTimeoutMs: 60_000,
      heartbeatIntervalMs: 1_000,
      heartbeatTimeoutMs: 3_000,
      leaseMs: 30_000,
      slots: 50 * availableParallelism(),
      threads: 4 * availableParallelism(),
    })
    expect(configuration.jobDefaults).toStrictEqual(jobDefaults)
    expect(configuration.entries().map(({ source }) => source)).toEqual(configuration.entries().map(() => 'default'))
  })

  it.each(['', '# only a comment\n', '---\n', '{}', '\uFEFF'])('an empty file (%j) is no different', (yaml) => {
    expect(load(yaml).jobDefaults).toStrictEqual(jobDefaults)
  })
})

describe('where values come from', () => {
  it('the environment wins over the file, and the file over the default', () => {
    const yaml = 'tidemark.slots: 3\ntidemark:\n  lease: 1 min\n'
    const configuration = load(yaml, { TIDEMARK_SLOTS: '5', TIDEMARK_CANCEL_TIMEOUT: '' })
    expect(configuration).toMatchObject({ slots: 5, leaseMs: 60_000, cancelTimeoutMs: 60_000 })
    expect(entry(configuration, 'tidemark.slots')).toEqual({ value: 5, source: 'environment TIDEMARK_SLOTS' })
    expect(entry(configuration, 'tidemark.lease')).toEqual({ value: '1min', source: 'file tidemark.yaml:3' })
    expect(entry(configuration, 'tidemark.cancel-timeout')).toEqual({ value: '1min', source: 'default' })
  })

  it('TIDEMARK_CONF_DIR names the directory of the file, and the option wins over it', () => {
    const [cwd, other] = [directoryWith('tidemark.slots: 1'), directoryWith('tidemark.slots: 2')]
    const env = { TIDEMARK_CONF_DIR: other }
    expect(loadConfiguration({ cwd, env }).slots).toBe(2)
    expect(entry(loadConfiguration({ cwd, env }), 'tidemark.slots').source).toBe(`file ${other}/tidemark.yaml:1`)
    expect(loadConfiguration({ cwd, env, dir: cwd }).slots).toBe(1)
    mkdirSync(join(cwd, 'conf'))
    writeFileSync(join(cwd, 'conf', 'tidemark.yaml'), 'tidemark.slots: 9')
    expect(entry(loadConfiguration({ cwd, env: { TIDEMARK_CONF_DIR: 'conf' } }), 'tidemark.slots')).toEqual({
      value: 9,
      source: 'file conf/tidemark.yaml:1',
    })
  })

  it('a directory that was named must be there, its file need not', () => {
    const cwd = temporaryDirectory()
    expect(loadConfiguration({ cwd, env: {}, dir: cwd }).taskQueue).toBe('tidemark')
    expect(() => loadConfiguration({ cwd, env: { TIDEMARK_CONF_DIR: 'nowhere' } })).toThrow(
      `The configuration directory ${cwd}/nowhere is not there: create it, or change TIDEMARK_CONF_DIR.`,
    )
  })

  it("relative paths start from the file's directory, in the environment from the working directory", () => {
    const [cwd, dir] = [
      temporaryDirectory(),
      directoryWith('state.checkpoints.dir: ../chk\ntidemark.allowed-dirs: [out, /b/../a, out/]'),
    ]
    const configuration = loadConfiguration({ cwd, dir, env: { TIDEMARK_STATE_BACKEND_FS_CHECKPOINTDIR: 'data' } })
    expect(configuration.checkpointsDir).toBe(`file://${join(dir, '../chk')}`)
    expect(configuration.dataDir).toBe(`file://${cwd}/data`)
    expect(configuration.allowedDirs).toEqual(['file:///a', `file://${dir}/out`])
  })

  it('a list in the environment has semicolons', () => {
    expect(load('', { TIDEMARK_ALLOWED_DIRS: '/b; /a,with comma;' }).allowedDirs).toEqual([
      'file:///a,with%20comma',
      'file:///b',
    ])
  })

  it('the two directories are one unless both are set', () => {
    expect(load('state.checkpoints.dir: /meta')).toMatchObject({
      checkpointsDir: 'file:///meta',
      dataDir: 'file:///meta',
    })
    const both = load('state.checkpoints.dir: /meta\nstate.backend.fs.checkpointdir: /data')
    expect(both).toMatchObject({ checkpointsDir: 'file:///meta', dataDir: 'file:///data' })
    const dataOnly = load('state.backend.fs.checkpointdir: /data')
    expect(dataOnly).toMatchObject({ checkpointsDir: 'file:///data', dataDir: 'file:///data' })
    expect(entry(dataOnly, 'state.checkpoints.dir').source).toBe('file tidemark.yaml:1')
  })
})

describe('a key set twice', () => {
  it('is fine where both mean the same', () => {
    const yaml =
      'execution.checkpointing.interval: 60s\nexecution:\n  checkpointing: { interval: 1 min }\nexecution.checkpointing: { interval: 60000 }'
    expect(load(yaml).jobDefaults.checkpointing.interval).toBe(60_000)
    expect(load('state.checkpoints.dir: /a/b\nexecution.checkpointing.dir: file:///a/./b/').checkpointsDir).toBe(
      'file:///a/b',
    )
  })

  it('is an error that names both places otherwise', () => {
    expect(refusal('tidemark.slots: 1\ntidemark: { slots: 2 }')).toBe(
      'Invalid configuration: tidemark.yaml:2: tidemark.slots says 2 but tidemark.yaml:1: tidemark.slots says 1, so one must go.',
    )
    expect(refusal('tidemark.slots: 1\ntidemark.slots: 2')).toMatch(/tidemark\.yaml:2: .* but tidemark\.yaml:1: /)
    expect(refusal('state.checkpoints.dir: /a\nexecution.checkpointing.dir: /b')).toMatch(
      /says "\/b" but .* says "\/a"/,
    )
    const env = { TIDEMARK_STATE_CHECKPOINTS_DIR: '/a', TIDEMARK_EXECUTION_CHECKPOINTING_DIR: '/b' }
    expect(refusal('', env)).toBe(
      'Invalid configuration: TIDEMARK_STATE_CHECKPOINTS_DIR says "/a" but TIDEMARK_EXECUTION_CHECKPOINTING_DIR says "/b", so one must go.',
    )
  })
})

describe('rules between values', () => {
  it.each([
    [
      'tidemark: { heartbeat-interval: 3s }',
      'tidemark.heartbeat-timeout must be longer than tidemark.heartbeat-interval, 3s, got 3s',
    ],
    ['tidemark: { lease: 3s }', 'tidemark.lease must be longer than tidemark.heartbeat-timeout, 3s, got 3s'],
    [
      'restart-strategy.exponential-delay.initial-backoff: 2min',
      'restart-strategy.exponential-delay.max-backoff must be at least the initial backoff, 2min, got 1min',
    ],
  ])('%s', (yaml, clause) => {
    expect(refusal(yaml)).toBe(`Invalid configuration: ${clause}.`)
  })
})

describe('what hosts must agree on', () => {
  it('is equal text for equal meaning, however it is written', () => {
    const flat = load('state.checkpoints.dir: /chk\ntidemark.slots: 3')
    const nested = load('{ execution: { checkpointing: { dir: "file:///x/../chk/" } } }', {
      TIDEMARK_SLOTS: '70',
      TIDEMARK_LEASE: '1h',
    })
    expect(flat.canonical()).toBe(
      'state.backend.fs.checkpointdir: "file:///chk"\nstate.checkpoints.dir: "file:///chk"\n',
    )
    expect(nested.canonical()).toBe(flat.canonical())
    expect(disagreements(flat.canonical(), nested.canonical())).toEqual([])
  })

  it('is told apart by key', () => {
    const [here, there] = [
      load('state.checkpoints.dir: /a'),
      load('state.checkpoints.dir: /a\nstate.backend.fs.checkpointdir: /b'),
    ]
    expect(disagreements(here.canonical(), there.canonical())).toEqual([
      'state.backend.fs.checkpointdir is "file:///a" here and "file:///b" there',
    ])
    expect(disagreements(here.canonical(), '')).toHaveLength(2)
  })
})
