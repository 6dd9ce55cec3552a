import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/spec/configuration.js'
import { load, refusal, temporaryDirectory } from './with-file.js'

describe('unknown keys', () => {
  it.each([
    ['execution.checkpointing.intervall', 'execution.checkpointing.interval'],
    ['execution.chekcpointing.timeout', 'execution.checkpointing.timeout'],
    ['interval', 'execution.checkpointing.interval'],
    ['checkpoint.timeout', 'execution.checkpointing.timeout'],
    ['task-queue', 'tidemark.task-queue'],
    ['allowedDirs', 'tidemark.allowed-dirs'],
    ['tidemark.num-retained', 'state.checkpoints.num-retained'],
    ['restart-strategy.fixeddelay.delay', 'restart-strategy.fixed-delay.delay'],
    ['state.checkpoint.dir', 'state.checkpoints.dir'],
  ])('%s: did you mean %s?', (key, meant) => {
    const clause = `tidemark.yaml:2: ${key} is not a known key (did you mean "${meant}"?)`
    expect(refusal(`# first line\n${key}: 1`)).toBe(`Invalid configuration: ${clause}.`)
  })

  it.each(['jobmanager.memory.process.size', 'x', 'größe', '__proto__', 'constructor'])('%s: no idea', (key) => {
    expect(refusal(`${key}: 1`)).toBe(`Invalid configuration: tidemark.yaml:1: ${key} is not a known key.`)
  })

  it('a section with a value, and a value with a section', () => {
    expect(refusal('execution.checkpointing: 10s')).toMatch(/:1: execution\.checkpointing is not a known key/)
    expect(refusal('tidemark.slots: { max: 3 }')).toMatch(/:1: tidemark\.slots\.max is not a known key/)
  })
})

describe('variables', () => {
  it.each([
    ['TIDEMARK_SLOTZ', ' (did you mean TIDEMARK_SLOTS?)'],
    ['TIDEMARK_TIDEMARK_SLOTS', ' (did you mean TIDEMARK_SLOTS?)'],
    ['TIDEMARK_ALLOWED_DIR', ' (did you mean TIDEMARK_ALLOWED_DIRS?)'],
    ['TIDEMARK_EXECUTION_CHECKPOINTING_INTERVALL', ' (did you mean TIDEMARK_EXECUTION_CHECKPOINTING_INTERVAL?)'],
    ['TIDEMARK_STATE_BACKEND_TIPE', ' (did you mean TIDEMARK_STATE_BACKEND_TYPE?)'],
    ['TIDEMARK_DFS_REPLICATION_ETC', ''],
  ])('%s is no key', (variable, suggestion) => {
    const clause = `${variable} is not the variable of a known key${suggestion}`
    expect(refusal('', { [variable]: '1' })).toBe(`Invalid configuration: ${clause}.`)
  })

  it('of others are none of ours', () => {
    const env = {
      TIDEMARK_SERVICE_HOST: '10.0.0.1',
      TIDEMARK_SERVICE_PORT: '7233',
      TIDEMARK_PORT_7233_TCP_ADDR: '10.0.0.1',
      TIDEMARK_TEMPORAL_CLI: '/usr/bin/temporal',
      TIDEMARK_RELEASE: '1.2',
      TIDEMARKS_SLOTS: '3',
      PATH: '/bin',
    }
    expect(() => load('', env)).not.toThrow()
  })

  it('are checked as the file is, and so is a value of the file that one overrides', () => {
    expect(refusal('', { TIDEMARK_SLOTS: 'many' })).toBe(
      'Invalid configuration: TIDEMARK_SLOTS must be a number, got "many".',
    )
    expect(refusal('tidemark.slots: many', { TIDEMARK_SLOTS: '3' })).toBe(
      'Invalid configuration: tidemark.yaml:1: tidemark.slots must be a number, got "many".',
    )
  })
})

describe('values', () => {
  it.each<[string, string]>([
    ['tidemark.slots: 0', 'must be at least 1, got 0'],
    ['tidemark.slots: 1e30', 'must be at most 10000, got 1e+30'],
    ['tidemark.slots: .nan', 'must be a number, got NaN'],
    ['tidemark.slots: [1]', 'must be a number, got a list of 1'],
    ['tidemark.lease: -1', 'must not be negative, got -1'],
    ['tidemark.lease: 1ms', 'must be at least 1s, got 1ms'],
    [
      'tidemark.lease: 20 years',
      'must be a duration such as 500ms, 10s, 10min or 1h, or a number of milliseconds, got "20 years"',
    ],
    ['tidemark.allow-delete-on-cancel: yes', 'must be true or false, got "yes"'],
    ['tidemark.allow-delete-on-cancel: 1', 'must be true or false, got 1'],
    [
      'tidemark.task-queue: "../x"',
      'must begin with an ASCII letter or digit, go on with letters, digits, ".", "_" and "-", and be at most 128 long, got "../x"',
    ],
    ['tidemark.task-queue: 7', 'must be text, got 7'],
    ['tidemark.allowed-dirs: [3]', 'must be text, got 3'],
    ['tidemark.allowed-dirs: 3', 'must be a list, got 3'],
    ['state.checkpoints.dir: ""', 'is no directory that can be used'],
    ['state.checkpoints.dir: "a\\0b"', 'is no directory that can be used'],
    ['state.checkpoints.dir: ftp://host/x', 'is no directory that can be used'],
    ['state.checkpoints.dir: [/a, /b]', 'must be text, got a list of 2'],
    ['state.backend.type: memory', 'must be one of hashmap, lmdb, got "memory"'],
    [
      'state.backend: rocksdb',
      'cannot be "rocksdb", which Tidemark does not have: lmdb is its backend for state on disk',
    ],
    ['io.tmp.dirs: /a,/b', 'must be one directory'],
    ['io.tmp.dirs: s3://bucket/tmp', 'must be a path on this host'],
    ['web.checkpoints.history: 101', 'must be at most 100, got 101'],
    [
      'restart-strategy: sometimes',
      'must be one of none, fixed-delay, failure-rate, exponential-delay, got "sometimes"',
    ],
    ['restart-strategy.exponential-delay.jitter-factor: 2', 'must be at most 1, got 2'],
    ['execution.checkpointing.num-retained: 0', 'must be at least 1, got 0'],
    [
      'execution.checkpointing.externalized-checkpoint-retention: RETAIN',
      'must be one of NO_EXTERNALIZED_CHECKPOINTS, ',
    ],
  ])('%s', (yaml, message) => {
    const key = yaml.slice(0, yaml.indexOf(':'))
    expect(refusal(yaml)).toContain(`Invalid configuration: tidemark.yaml:1: ${key} ${message}`)
  })

  it('a password is refused and not repeated', () => {
    const message = refusal('state.checkpoints.dir: s3://user:hunter2@bucket/chk')
    expect(message).toContain('state.checkpoints.dir must not hold a password')
    expect(message).not.toContain('hunter2')
  })

  it('all faults are told at once', () => {
    const message = refusal('tidemark.slots: 0\nfoo: 1\ntidemark.lease: x', { TIDEMARK_CANCEL_TIMEOUT: '-1' })
    for (const part of ['tidemark.slots', 'foo', 'tidemark.lease', 'TIDEMARK_CANCEL_TIMEOUT'])
      expect(message).toContain(part)
    expect(message).toMatch(/^Invalid configuration: [^\n]*\.$/)
  })
})

describe('files that are no configuration', () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ['broken YAML', 'tidemark.slots: 1\na: [\nb', /^tidemark\.yaml:[23]: this is no valid YAML: .*\.$/],
    ['a list', '- a', /^tidemark\.yaml:1: the file must hold keys and values/],
    ['text', 'just text', /^tidemark\.yaml:1: the file must hold keys and values/],
    ['two documents', 'a: 1\n---\nb: 2', /^tidemark\.yaml:\d: this is no valid YAML/],
    [
      'a key without value',
      'tidemark:\n  slots:',
      /^tidemark\.yaml:2: tidemark\.slots has no value: give it one, or remove the line\.$/,
    ],
    ['a key of another type', '1: x', /^tidemark\.yaml:1: a key must be text/],
    ['a list as key', '? [a]\n: x', /^tidemark\.yaml:1: a key must be text/],
    [
      'an alias',
      'tidemark.slots: &n 4\nweb.checkpoints.history: *n',
      /^tidemark\.yaml:2: web\.checkpoints\.history is an alias/,
    ],
    [
      'keys in a list',
      'tidemark.allowed-dirs: [{ a: 1 }]',
      /^tidemark\.yaml:1: tidemark\.allowed-dirs must not hold keys/,
    ],
    ['bytes', Uint8Array.of(0x61, 0x3a, 0x20, 0xff, 0xfe), /^tidemark\.yaml is not UTF-8 text/],
    ['megabytes', '#'.repeat(1_048_577), /^tidemark\.yaml has 1048577 bytes, more than a configuration can have\.$/],
  ])('%s', (_, content, message) => {
    expect(refusal(content)).toMatch(message)
  })

  it('a directory', () => {
    const cwd = temporaryDirectory()
    mkdirSync(join(cwd, 'tidemark.yaml'))
    expect(() => loadConfiguration({ cwd, env: {} })).toThrow(/^tidemark\.yaml cannot be read: /)
  })
})

describe('secrets', () => {
  it.each(['s3.access-key', 's3.access.key', 's3.secret-key', 's3.secret.key'])(
    '%s is refused, and not repeated',
    (key) => {
      const variable = `TIDEMARK_${key.replace(/[.-]/g, '_').toUpperCase()}`
      for (const message of [refusal(`${key}: hunter2`), refusal('', { [variable]: 'hunter2' })]) {
        expect(message).toMatch(/has no place in a configuration, which is shown: set AWS_ACCESS_KEY_ID/)
        expect(message).not.toContain('hunter2')
      }
    },
  )

  it('an endpoint with a password is refused, and not repeated', () => {
    const message = refusal('s3.endpoint: https://user:hunter2@host:9000')
    expect(message).toMatch(/must be a URL such as/)
    expect(message).not.toContain('hunter2')
  })
})
