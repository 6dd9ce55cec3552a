import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Promise_, promises } from './register.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('there are 28 of them, each once', () => {
  expect(promises.map(({ number }) => number)).toEqual(Array.from({ length: 28 }, (_, index) => index + 1))
})

describe.each(promises)('$number: $elsewhere', (promise) => {
  test.each(promise.shownBy)('%s has "%s"', (file, title) => {
    expect(existsSync(new URL(`../${file}`, import.meta.url)), file).toBe(true)
    const titles = [...read(`test/${file}`).matchAll(/^\s*(?:test|it|describe)[\s\S]*?(['"`])(.*?)\1/gm)]
    expect(titles.some(([, , found]) => found?.includes(title))).toBe(true)
  })

  test('stands in docs/reliability.md', () => {
    expect(read('docs/reliability.md')).toContain(rowOf(promise))
  })
})

/** As the table has it. */
function rowOf({ number, elsewhere, here, shownBy }: Promise_): string {
  const files = [...new Set(shownBy.map(([file]) => file))]
  const links = files.map((file) => `[${file.split('/').at(-1)?.replace('.test.ts', '')}](../test/${file})`)
  return `| ${number} | ${elsewhere} | ${here} | ${links.join(', ')} |`
}
