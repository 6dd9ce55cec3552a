import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorClasses } from '../../src/errors.js'

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

/** Codes by the class under whose heading they stand. */
const documented = Object.fromEntries(
  page
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const errorClass = section.slice(0, section.indexOf(':'))
      return [...section.matchAll(/^### (\w+)\n+(?=[^#\s])/gm)].map((match) => [match[1], errorClass])
    }),
)

test('docs/errors.md has every code under its class, each with a text, and no other', () => {
  expect(documented).toEqual(errorClasses)
})

test('what it says to run and to set is there', async () => {
  const verbs = [...page.matchAll(/`tidemark\s+([a-z]+)/g)].map((match) => String(match[1]))
  const { createProgram } = await import('../../src/cli/program.js')
  const { fakeContext } = await import('./fake-context.js')
  const known = createProgram(fakeContext().context).commands.map((command) => command.name())
  expect(known).toEqual(expect.arrayContaining(verbs))

  const { configurationKeys } = await import('../../src/spec/configuration-keys.js')
  const names = Object.values(configurationKeys).map(({ name }) => name)
  const keys = [...page.matchAll(/`((?:tidemark|execution|state)\.[a-z.-]+)`/g)].map((match) => String(match[1]))
  expect(names).toEqual(expect.arrayContaining(keys.filter((key) => key !== 'tidemark.yaml')))
})
