import { expect, it } from 'vitest'
import { checkJobId, jobIdSchema } from '../../src/spec/job-id.js'

it.each(['a', '0', 'flight-delays', 'A.b_c-9', 'a..b', 'x'.repeat(128)])('accepts %s', (id) => {
  expect(checkJobId(id)).toBe(id)
  expect(jobIdSchema.parse(id)).toBe(id)
})

it.each<[string, unknown]>([
  ['a way out of the directory', '../x'],
  ['an absolute path', '/etc/passwd'],
  ['a folder inside', 'a/b'],
  ['a Windows path', 'a\\b'],
  ['two dots', '..'],
  ['a hidden name', '.hidden'],
  ['an option', '-rf'],
  ['our own prefix', '_execution'],
  ['percent encoding', '%2e%2e'],
  ['a space', 'a b'],
  ['a newline at the end', 'a\n'],
  ['a NUL', 'a\0b'],
  ['accents', 'départs'],
  ['full-width letters', 'ｊｏｂ'],
  ['an emoji', '🌊'],
  ['a letter joined from two', 'e\u0301'],
  ['129 letters', 'x'.repeat(129)],
  ['a megabyte', 'x'.repeat(1_000_000)],
  ['a number', 7],
  ['null', null],
  ['a list', ['a']],
])('refuses %s in one clear sentence', (_, id) => {
  expect(jobIdSchema.safeParse(id).success).toBe(false)
  expect(() => checkJobId(id)).toThrow(expect.objectContaining({ code: 'InvalidJobSpec' }))
  expect(() => checkJobId(id)).toThrow(/^The id of a job must begin with an ASCII letter or digit, .*, got .{1,110}\.$/)
})

it.each([undefined, ''])('asks for an id where there is none (%j)', (id) => {
  expect(() => checkJobId(id)).toThrow(/^A job needs an id: it must begin with /)
})
