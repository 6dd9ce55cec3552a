import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEmbeddedHost, type EmbeddedHost } from '../../src/engine/embedded/index.js'
import { Bench, jobFile, Run } from './harness.js'

let bench: Bench

beforeAll(async () => {
  bench = await Bench.open()
})

afterAll(() => bench.close())

describe('the definitions of a host', () => {
  test('are found by loading the files: default and named exports, each once', async () => {
    const host = await bench.host(['ticks.mjs', 'faulty.mjs'])
    const names = host.definitions.map(({ name, version, file }) => [name, version, file])
    expect(names.sort()).toEqual([
      ['failing-end', '1', jobFile('faulty.mjs')],
      ['failing-line', '1', jobFile('faulty.mjs')],
      ['faulty', '1', jobFile('faulty.mjs')],
      ['ticks', '7', jobFile('ticks.mjs')],
    ])
    for (const { build } of host.definitions) expect(build).toMatch(/^[0-9a-f]{64}$/)
  })

  test.each([
    ['no job', 'export const answer: number = 42', 'defines no job; export what defineJob(...) returns.'],
    ['bad syntax', 'export const = 1', 'cannot be loaded: '],
    ['an error at its top', "throw new Error('not today')", 'cannot be loaded: not today'],
    ['an exit', 'process.exit(4)', "the job's code called process.exit(4)"],
    ['a missing file', undefined, 'cannot be loaded: '],
  ])('a file with %s is refused, by name', async (_, content, sentence) => {
    const file = bench.path(`bad-${Math.abs(sentence.length * 31 + (content?.length ?? 0))}.mts`)
    if (content !== undefined) await writeFile(file, content)
    await expect(createEmbeddedHost({ jobFiles: [file] })).rejects.toMatchObject({
      code: 'DefinitionError',
      message: expect.stringContaining(sentence),
    })
    await expect(createEmbeddedHost({ jobFiles: [file] })).rejects.toThrow(file)
  })

  test('two files with one name are refused, naming both', async () => {
    const copy = jobFile('ticks-again.mjs')
    const both = createEmbeddedHost({ jobFiles: [jobFile('ticks.mjs'), copy] })
    await expect(both).rejects.toMatchObject({
      code: 'DefinitionError',
      message: `Two definitions have the name 'ticks', in ${jobFile('ticks.mjs')} and ${copy}; rename one.`,
    })
  })
})

describe('a deployment is refused before anything starts', () => {
  let host: EmbeddedHost

  beforeAll(async () => {
    host = await bench.host(['counts.mjs'])
  })

  async function refusal(args: object, overrides = {}, definition = 'counts'): Promise<Error> {
    const run = new Run(bench, host, { definition, args: args as never })
    run.claim = 1
    run.attempt = 1
    const { job } = run.log
    const error = await run.deploy(overrides).then(
      () => expect.fail('it was deployed'),
      (error) => error,
    )
    expect(host.freeSlots()).toBe(16)
    expect(host.jobs().filter((running) => running.job === job)).toEqual([])
    return error
  }

  test('for an unknown definition', async () => {
    const error = await refusal({}, {}, 'countz')
    expect(error).toMatchObject({ code: 'DefinitionError', message: expect.stringContaining("it has 'counts'") })
  })

  test('for storage that threads do not share', async () => {
    const roots = { metadata: bench.roots.metadata.uri, data: 'memory://data' }
    expect(await refusal({}, { roots })).toMatchObject({ code: 'InvalidConfiguration', path: 'memory://data' })
  })

  test('for arguments that do not fit', async () => {
    expect(await refusal({ input: 7 })).toMatchObject({
      code: 'InvalidJobSpec',
      message: expect.stringMatching(/args\.input: .*; args\.output: /),
      details: [{ path: 'args.input' }, { path: 'args.output' }],
    })
  })

  test('for keyed state in several tasks, naming the remedies', async () => {
    const input = await bench.lines('some.ndjson', [{ key: 'a', value: 1 }])
    expect(await refusal({ input, output: bench.path('o') }, { parallelism: 2 })).toMatchObject({
      code: 'InvalidJobSpec',
      path: 'parallelism',
      message: expect.stringMatching(
        /^Operator 'counts' keeps state by key.* Set parallelism to 1; or, .* partitionedBy .*; or divide the input/,
      ),
    })
  })

  test('for input that matches nothing', async () => {
    const error = await refusal({ input: bench.path('none-*.ndjson'), output: bench.path('o') })
    expect(error).toMatchObject({ code: 'DefinitionError', message: expect.stringContaining('none-*') })
  })

  test('for an output directory outside the allowed ones, links resolved', async () => {
    const input = await bench.lines('some.ndjson', [{ key: 'a', value: 1 }])
    const allowed = bench.path('allowed')
    await mkdir(allowed, { recursive: true })
    const allowedDirs = [pathToFileURL(allowed).href]
    await symlink(bench.dir, join(allowed, 'link'))
    for (const output of [bench.path('o'), join(allowed, '../o'), join(allowed, 'link/o')]) {
      const error = await refusal({ input, output }, { allowedDirs })
      expect(error).toMatchObject({
        code: 'DirectoryNotAllowed',
        message: expect.stringContaining('tidemark.allowed-dirs'),
      })
    }
  })

  test('for an output directory of another job', async () => {
    const input = await bench.lines('some.ndjson', [{ key: 'a', value: 1 }])
    const owner = new Run(bench, host, {
      definition: 'counts',
      job: 'owner',
      args: { input, output: bench.path('owned') },
    })
    await owner.deploy()
    await host.stop(owner.reference)
    expect(await refusal({ input, output: bench.path('owned') })).toMatchObject({ code: 'DirectoryOwned' })
  })
})

test('a snapshot whose files cannot be written fails alone: the job goes on, and the number may be asked again', async () => {
  const host = await bench.host(['evolving.mjs'])
  const input = await bench.lines(
    'steps.ndjson',
    Array.from({ length: 9_000 }, (_, value) => ({ key: 'k', value })),
  )
  const args = { input, output: bench.path('steps-out') }
  const run = new Run(bench, host, { definition: 'evolving', args })
  await run.deploy()
  await run.moreRecords(1)
  // A file where the directory of the state files should be.
  await writeFile(bench.path('data'), '')
  await expect(run.snapshot()).rejects.toMatchObject({ code: 'StorageUnavailable' })
  await rm(bench.path('data'))
  await run.checkpoint()
  await run.deploy({ args: { ...args, rate: 1_000_000 } })
  await run.finish()
  const output = await bench.output<{ sum: number }>('steps-out')
  expect(output).toHaveLength(9_000)
  expect(output.at(-1)?.sum).toBe((9_000 * 8_999) / 2)
})
