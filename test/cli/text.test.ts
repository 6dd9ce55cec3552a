import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { renderFields, renderTable } from '../../src/cli/render/table.js'
import { formatAge, formatBytes, formatCount, formatElapsed, plural } from '../../src/cli/render/text.js'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [12_345, '12.3 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [1_234_567_890, '1.2 GB'],
  [9e18, '9000.0 PB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_000, '1.0 s'],
  [59_999, '59.9 s'],
  [60_000, '1min'],
  [90_500, '90s'],
])('%d ms are %s', (ms, text) => expect(formatElapsed(ms)).toBe(text))

test.each([
  [-5_000, 'now'],
  [999, 'now'],
  [59_999, '59 s ago'],
  [60_000, '1 min ago'],
  [3_600_000, '1 h ago'],
  [86_400_000 * 3, '3 d ago'],
])('%d ms ago is %s', (ms, text) => {
  const now = Date.parse('2026-05-01T12:00:00.000Z')
  expect(formatAge(new Date(now - ms).toISOString(), now)).toBe(text)
})

test('counts', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567')
  expect([0, 1, 2].map((count) => plural(count, 'restart'))).toEqual(['no restarts', '1 restart', '2 restarts'])
  expect(formatAge('', 0)).toBe('at an unknown time')
})

describe('a table', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '1') })
  const columns = [{ title: 'A' }, { title: 'BB', align: 'right' }, { title: 'C' }] as const

  it('has each column at one place in every line, and no blank at the ends', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell)), (rows) => {
        const lines = renderTable(columns, rows)
        expect(lines.length).toBe(rows.length + 1)
        const width = (index: number) =>
          Math.max(columns[index]?.title.length ?? 0, ...rows.map((row) => row[index]?.length ?? 0))
        const third = width(0) + 2 + width(1) + 2
        rows.forEach((row, index) => {
          const line = lines[index + 1] ?? ''
          expect(line.slice(0, row[0].length)).toBe(row[0])
          expect(line.slice(width(0) + 2, third - 2).trim()).toBe(row[1])
          expect(line.slice(third)).toBe(row[2])
          expect(line).toBe(line.trimEnd())
        })
      }),
    )
  })

  it('of fields leaves out what is not there, and goes on below a value', () => {
    expect(
      renderFields([
        ['a', '1'],
        ['bcd', undefined],
        ['ef', 'x\ny'],
        ['g', ''],
      ]),
    ).toEqual(['  a   1', '  ef  x', '      y'])
  })
})
