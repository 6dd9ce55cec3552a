import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createContext } from '../../src/cli/context.js'
import { createProgram } from '../../src/cli/program.js'
import { openTerminal } from '../../src/cli/terminal.js'

const root = new URL('../../', import.meta.url)
const readme = readFileSync(new URL('README.md', root), 'utf8')

/** Fenced blocks whose first line names the file that they show: ```` ```ts examples/a.ts ````. */
const shown = [...readme.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map((match) => ({
  path: String(match[1]),
  code: String(match[2]),
}))

const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map((match) => String(match[1]))

const commands = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)]
  .flatMap((match) => String(match[1]).split('\n'))
  .filter((line) => line !== '')

test('the README shows its examples as they are', () => {
  expect(shown.map(({ path }) => path)).toEqual([
    'examples/first-job/first-job.ts',
    'examples/python/cancel_and_resume.py',
  ])
  for (const { path, code } of shown) expect(code).toBe(readFileSync(new URL(path, root), 'utf8'))
})

test('a first job is about 20 lines', () => {
  expect(shown[0]?.code.trim().split('\n').length).toBeLessThanOrEqual(25)
})

test.each(links.filter((link) => !link.startsWith('https://')))('what the README links to is there: %s', (link) => {
  expect(existsSync(fileURLToPath(new URL(link, root)))).toBe(true)
})

test('all eight steps of the path are linked', () => {
  for (const step of '①②③④⑤⑥⑦⑧') expect(readme).toMatch(new RegExp(`^\\d\\. ${step} .*(\\n   )?.*\\]\\(`, 'm'))
})

test('every npm script of the README exists', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { scripts: object }
  const named = commands.flatMap((line) => [...line.matchAll(/npm (?:run )?(demo|test)\b/g)].map((match) => match[1]))
  expect(named).toEqual(['demo', 'test'])
  for (const name of named) expect(scripts).toHaveProperty(String(name))
})

test('every verb and option of tidemark in the README exists', () => {
  const program = createProgram(createContext(openTerminal(), () => {}))
  const lines = commands.filter((line) => line.startsWith('npx tidemark '))
  expect(lines.length).toBeGreaterThan(6)
  for (const line of lines) {
    const words = line.replace(/ #.*/, '').trim().split(/\s+/).slice(2)
    let command = program
    while (command.commands.length > 0) {
      // A verb with verbs of its own may be one itself: `gc`, `gc schedule`.
      if (command !== program && (words[0] ?? '-').startsWith('-') && command.options.length > 0) break
      const next = command.commands.find((one) => one.name() === words[0])
      expect(next, line).toBeDefined()
      if (next === undefined) break
      command = next
      words.shift()
    }
    for (const option of words.filter((word) => word.startsWith('--'))) {
      expect(
        command.options.map((one) => one.long),
        line,
      ).toContain(option)
    }
  }
})
