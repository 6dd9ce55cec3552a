import { defineJob, from, isJobDefinition } from 'tidemark'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { listSource, nowhere, runGraph } from './run-graph.js'

const job = defineJob('sums', {
  args: z.object({
    input: z.string(),
    numbers: z.array(z.number()).default([1, 2]),
    nested: z.object({ deep: z.boolean() }).optional(),
  }),
  pipeline: ({ args }) => from(listSource(args.numbers)).to(nowhere),
})

test('a definition has its name and version, and is known for one', async () => {
  expect(job).toMatchObject({ name: 'sums', version: '1' })
  expect(isJobDefinition(job)).toBe(true)
  for (const other of [undefined, null, 'job', {}, { name: 'sums', version: '1' }, () => job]) {
    expect(isJobDefinition(other)).toBe(false)
  }
})

test('a definition made by another copy of the package is known too', async () => {
  vi.resetModules()
  const copy = await import('../../src/pipeline/define-job.js')
  expect(copy.defineJob).not.toBe(defineJob)
  const theirs = copy.defineJob('theirs', { version: '2', args: z.object({}), pipeline: () => [] })
  expect(isJobDefinition(theirs)).toBe(true)
  expect(copy.isJobDefinition(job)).toBe(true)
})

describe('arguments', () => {
  test('get their defaults and reach the pipeline', async () => {
    const args = job.parseArgs({ input: 'x' })
    expect(args).toEqual({ input: 'x', numbers: [1, 2] })
    const { output } = await runGraph(job.build(args))
    expect(output.get('sink')).toEqual([1, 2])
  })

  test('may be left out where nothing is required', () => {
    const optional = defineJob('optional', {
      args: z.object({ rate: z.number().optional() }),
      pipeline: () => from(listSource([1])).to(nowhere),
    })
    expect(optional.parseArgs(undefined)).toEqual({})
    expect(optional.parseArgs(null)).toEqual({})
  })

  test('that do not fit are refused with every fault and its path', () => {
    const refused = { code: 'InvalidJobSpec', path: 'args.input' }
    const bad = { numbers: [1, 'two'], nested: { deep: 'yes' } }
    expect(() => job.parseArgs(bad)).toThrow(expect.objectContaining(refused) as Error)
    expect(() => job.parseArgs(bad)).toThrow(
      /^The arguments of 'sums' do not fit: args\.input: .+; args\.numbers\[1\]: .+; args\.nested\.deep: .+\.$/,
    )
    expect(() => job.parseArgs('text')).toThrow(/do not fit: args: /)
  })
})

describe('a definition is refused', () => {
  const options = { args: z.object({}), pipeline: () => [] }

  test.each(['', '../x', 'a b', 'x'.repeat(129), '-x', 'ü', undefined, 7])('for the name %j', (name) => {
    expect(() => defineJob(name as string, options)).toThrow(
      expect.objectContaining({ code: 'DefinitionError' }) as Error,
    )
  })

  test.each(['', 'x'.repeat(129), 3])('for the version %j', (version) => {
    expect(() => defineJob('name', { ...options, version: version as string })).toThrow('must be a text of 1 to 128')
  })

  test('when its pipeline throws, with what it said', () => {
    const throwing = defineJob('throwing', {
      args: z.object({}),
      pipeline: () => {
        throw new Error('no such airport')
      },
    })
    expect(() => throwing.build({})).toThrow(
      expect.objectContaining({
        code: 'DefinitionError',
        message: `The pipeline of 'throwing' threw: no such airport`,
      }) as Error,
    )
  })

  test('when its graph is wrong', () => {
    expect(() => defineJob('empty', options).build({})).toThrow(`Definition 'empty' cannot run: it has no pipeline`)
  })
})
