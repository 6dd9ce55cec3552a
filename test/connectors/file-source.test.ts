import { appendFileSync, mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { csvFormat } from '../../src/connectors/file-source/csv.js'
import { fileSource } from '../../src/connectors/file-source/file-source.js'
import type { FileFormat } from '../../src/connectors/file-source/format.js'
import { ndjsonFormat } from '../../src/connectors/file-source/ndjson.js'
import type { FilePosition } from '../../src/connectors/file-source/position.js'
import { textFormat } from '../../src/connectors/file-source/text-files.js'
import { PositionLost } from '../../src/pipeline/source.js'
import { collectGarbage } from '../support/collect-garbage.js'
import { scratch } from './scratch.js'
import { readAll } from './source-contract.js'

const N = ndjsonFormat(z.object({ n: z.number() }))
const sliced: FileFormat<string> = { ...textFormat, wantsText: true }
const Row = csvFormat({ schema: z.object({ a: z.string(), b: z.coerce.number() }) })

async function openFile<T>(format: FileFormat<T>, content: string | Buffer, follow = false) {
  const path = join(scratch(), 'file')
  writeFileSync(path, content)
  const source = fileSource(format, path, follow)
  return { path, source, reader: await source.open('file', undefined) }
}

describe('records larger than the buffer, and characters across its border', () => {
  test.each([255, 256, 257, 600])('are read whole: lines of %i KiB', async (kib) => {
    const lines = Array.from(
      { length: 5 },
      (_, index) => `${index}${'\u00e4\u{1f30a}x'.repeat(Math.ceil((kib * 1024) / 7))}`,
    )
    const { reader } = await openFile(textFormat, lines.join('\n'))
    expect(await readAll(reader, 10)).toEqual(lines)
    await reader.close()
  })

  test('also where stretches of plain text and others alternate', async () => {
    const lines = Array.from(
      { length: 40_000 },
      (_, index) => `${index} ${index % 9_000 < 30 ? '\u00e4\u{1f30a}' : 'plain text'}`,
    )
    const { reader } = await openFile(sliced, lines.join('\n'))
    expect(await readAll(reader, 100)).toEqual(lines)
    await reader.close()
  })

  test('and a batch of them stays small', async () => {
    const lines = Array.from({ length: 20 }, (_, index) => `${index}${'x'.repeat(400 * 1024)}`)
    const { reader } = await openFile(textFormat, lines.join('\n'))
    const batch = await reader.read(512)
    expect(batch).toMatchObject({ records: { length: 1 } })
    await reader.close()
  })
})

test.each([
  [12, 'x'],
  [13, 'x'],
  [40, 'x'],
  [12, '\u00e4'],
  [13, '\u00e4'],
  [13, '\\n'],
])(
  'what is kept of a record keeps none of the file around it: values of %i characters, beside %j',
  async (length, other) => {
    const heap = () => {
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const blocks = 150
    const line = (index: number) => `{"n":${index},"s":"${String(index).padStart(length, 'x')}","t":"${other}"}\n`
    const { reader } = await openFile(
      ndjsonFormat(z.object({ s: z.string() })),
      Array.from({ length: (blocks * 64 * 1024) / line(0).length }, (_, index) => line(index)).join(''),
    )
    const kept: unknown[] = []
    const before = heap()
    for (let batch = reader.read(512); batch !== 'end'; batch = reader.read(512)) {
      if (batch instanceof Promise || 'idle' in batch) throw new Error('a file is read at once')
      kept.push(batch.records[0]?.s)
    }
    expect(heap() - before).toBeLessThan((blocks * 64 * 1024) / 4)
    expect(kept.length).toBeGreaterThan(blocks)
    await reader.close()
  },
)

const loneSurrogate = /\p{Surrogate}/u

test.each([
  ['of its own', textFormat],
  ['that is a slice', sliced],
])('text %s is cut as its lines say, whatever it is, from any position', async (_kind, format) => {
  const ascii = fc.oneof(fc.constantFrom('\n', '\r\n', '\r', '"', ''), fc.string({ maxLength: 12 }))
  const any = fc.oneof(
    fc.constantFrom('\n', '\r\n', '\r', '\ufeff', '\u00e4', '\u{1f30a}', '"', ''),
    fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !loneSurrogate.test(text)),
  )
  const parts = fc.oneof(fc.array(any, { maxLength: 40 }), fc.array(ascii, { maxLength: 40 }))
  await fc.assert(
    fc.asyncProperty(parts, fc.nat(60), async (parts, stop) => {
      const text = parts.join('')
      const body = text.startsWith('\ufeff') ? text.slice(1) : text
      const expected = body.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
      if (body === '' || body.endsWith('\n')) expected.pop()
      const { source, reader } = await openFile(format, text)
      const first = stop === 0 ? [] : await readAll(reader, 7, stop)
      const position = reader.position()
      await reader.close()
      const after = await source.open('file', position)
      expect([...first, ...(await readAll(after, 7))]).toEqual(expected)
      expect(after.position().offset).toBe(Buffer.byteLength(text))
      await after.close()
    }),
    { numRuns: 300 },
  )
})

test('csv fields of any kind come back as they were written, from any position', async () => {
  const field = fc.oneof(
    fc.constantFrom('', '"', 'a"b', ',', '\n', '\r\n', 'x\ny', ' ', '\u00e4'),
    fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !loneSurrogate.test(text) && !text.includes('\r')),
  )
  const written = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const format = csvFormat({ schema: z.object({ a: z.string(), b: z.string() }) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ a: field, b: field }), { maxLength: 12 }),
      fc.constantFrom('\n', '\r\n'),
      fc.nat(12),
      async (rows, end, stop) => {
        const text = ['a,b', ...rows.map(({ a, b }) => `${written(a)},${written(b)}`)].join(end)
        const { source, reader } = await openFile(format, text)
        const first = stop === 0 ? [] : await readAll(reader, 5, stop)
        const position = reader.position()
        await reader.close()
        const after = await source.open('file', position)
        expect([...first, ...(await readAll(after, 5))]).toEqual(rows)
        await after.close()
      },
    ),
    { numRuns: 300 },
  )
})

describe('what cannot be read', () => {
  const cases: Record<string, [FileFormat<unknown>, string | Buffer, RegExp]> = {
    'no JSON': [N, '{"n":1}\n{"n":}\n', /file, line 2 \(byte 8\): not JSON: .+\.$/],
    'another shape': [N, '{"n":1}\n\n{"n":"x"}\n', /file, line 3 \(byte 9\): n: .*expected number, received string\.$/],
    'no UTF-8': [
      textFormat,
      Buffer.from([0x61, 0x0a, 0x62, 0xff, 0x0a]),
      /file, line 2 \(byte 2\): the text is not UTF-8\.$/,
    ],
    'no UTF-8 between quotes, in lines that are alike': [
      ndjsonFormat(z.any()),
      Buffer.from('{"s":"a"}\n{"s":"\u00ff"}\n', 'latin1'),
      /file, line 2 \(byte 10\): the text is not UTF-8\.$/,
    ],
    'too few fields': [
      Row,
      'a,b\nx,1\ny\n',
      /file, line 3 \(byte 8\): the record has 1 fields where 2 columns are named\.$/,
    ],
    'a quote that stays open': [
      Row,
      'a,b\nx,1\n"y,2\nz,3\n',
      /file, line 3 \(byte 8\): the record opens a quote that is never closed\.$/,
    ],
    'a quote within a field': [
      Row,
      'a,b\nx,1\ny"y,2\n',
      /file, line 3 \(byte 8\): the record has a quote within a field/,
    ],
    'text after a quote': [
      Row,
      'a,b\nx,1\n"y"y,2\n',
      /file, line 3 \(byte 8\): the record has text between a closing quote/,
    ],
    'a field of another type': [Row, 'a,b\nx,1\n"y\n",two\n', /file, line 3 \(byte 8\): b: .*expected number/],
  }
  test.each(Object.entries(cases))(
    '%s: what is before it is read, and the error says where it is',
    async (_name, [format, content, message]) => {
      const { reader } = await openFile(format, content)
      const result = await reader.read(100)
      expect(result).toMatchObject({ records: { length: 1 } })
      const position = reader.position()
      for (let attempt = 0; attempt < 2; attempt += 1) {
        expect(() => reader.read(100)).toThrow(message)
        expect(reader.position()).toEqual(position)
      }
      await reader.close()
    },
  )

  test('a stray quote spoils its own record, and the next one begins at its own line', async () => {
    const { reader, source, path } = await openFile(Row, 'a,b\nx"x,1\ny,2\n')
    expect(() => reader.read(100)).toThrow(/line 2 \(byte 4\): the record has a quote within a field/)
    await reader.close()
    const lines = await fileSource(textFormat, path, false).open('file', undefined)
    await readAll(lines, 1, 2)
    const rest = await source.open('file', lines.position())
    expect(await readAll(rest, 1)).toEqual([{ a: 'y', b: 2 }])
    await Promise.all([lines.close(), rest.close()])
  })

  test.each([
    ['names a column twice', 'a,b,a\n1,2,3\n', /line 1 \(byte 0\): the header names the column "a" twice/],
    ['cannot be read', '"a"x,b\n1,2\n', /line 1 \(byte 0\): the header has text between/],
  ])('a header that %s', async (_name, content, message) => {
    const { reader } = await openFile(Row, content)
    expect(() => reader.read(1)).toThrow(message)
    expect(() => reader.read(1)).toThrow(message)
    await reader.close()
  })

  test.each(['', ',,', '"', '\n', 'ä'])('a delimiter %j', (delimiter) => {
    expect(() => csvFormat({ schema: z.object({}), delimiter })).toThrow('must be one ASCII character')
  })
})

describe('a followed file', () => {
  test('is read as it grows, and an unfinished line waits for its end', async () => {
    const { path, reader } = await openFile(textFormat, 'one\ntw', true)
    expect(await reader.read(10)).toMatchObject({ records: ['one'] })
    expect(await reader.read(10)).toEqual({ idle: 100 })
    appendFileSync(path, 'o')
    expect(await reader.read(10)).toEqual({ idle: 100 })
    appendFileSync(path, '\nthree\n')
    expect(await reader.read(10)).toMatchObject({ records: ['two', 'three'] })
    expect(reader.describe()).toBe('byte 14 (line 4)')
    await reader.close()
  })

  test('may get its header later, and be closed and opened before that', async () => {
    const { path, reader, source } = await openFile(Row, '\n\n', true)
    expect(source.bounded).toBe(false)
    expect(await reader.read(10)).toEqual({ idle: 100 })
    const position = reader.position()
    expect(position.offset).toBe(2)
    await reader.close()
    const again = await source.open('file', position)
    expect(await again.read(10)).toEqual({ idle: 100 })
    appendFileSync(path, 'b,a\n1,x\n')
    expect(await again.read(10)).toMatchObject({ records: [{ a: 'x', b: 1 }] })
    await again.close()
  })

  test('waits for the rest of a quoted record', async () => {
    const { path, reader } = await openFile(Row, 'a,b\n"x\n', true)
    expect(await reader.read(10)).toEqual({ idle: 100 })
    appendFileSync(path, 'y",7\n')
    expect(await reader.read(10)).toMatchObject({ records: [{ a: 'x\ny', b: 7 }] })
    await reader.close()
  })

  test('that is cut while it is read loses its position', async () => {
    const { path, reader } = await openFile(textFormat, 'one\ntwo\n', true)
    await reader.read(10)
    truncateSync(path, 4)
    expect(() => reader.read(10)).toThrow(PositionLost)
    expect(() => reader.position()).toThrow('only append to a file that a job reads')
    await reader.close()
  })

  test('need not be there when the job starts', async () => {
    const directory = scratch()
    const source = fileSource(textFormat, join(directory, '*.log'), true)
    expect(await source.splits()).toEqual([])
    writeFileSync(join(directory, 'a.log'), '')
    expect(await source.splits()).toEqual(['a.log'])
  })
})

describe('the files of a source', () => {
  test('are found by patterns, each once, in a stable order, by their path below what the patterns share', async () => {
    const directory = scratch()
    for (const folder of ['in/b', 'in/a', 'other']) mkdirSync(join(directory, folder), { recursive: true })
    for (const name of ['in/b/1.log', 'in/a/2.log', 'in/a/10.log', 'in/a/.hidden.log', 'other/3.log', 'in/a/x.txt']) {
      writeFileSync(join(directory, name), name)
    }
    const all = fileSource(textFormat, join(directory, 'in/**/*.log'), false)
    expect(await all.splits()).toEqual(['a/10.log', 'a/2.log', 'b/1.log'])
    const several = fileSource(
      textFormat,
      [join(directory, 'in/a/*.log'), join(directory, 'in/*/10.log'), join(directory, 'other/3.log')],
      false,
    )
    expect(await several.splits()).toEqual(['in/a/10.log', 'in/a/2.log', 'other/3.log'])
    const reader = await several.open('other/3.log', undefined)
    expect(await readAll(reader, 1)).toEqual(['other/3.log'])
    await reader.close()
  })

  test('may have characters of patterns in their names', async () => {
    const directory = scratch()
    for (const name of ['data[1].txt', 'data1.txt']) writeFileSync(join(directory, name), name)
    const source = fileSource(textFormat, join(directory, 'data[1].txt'), false)
    expect(await source.splits()).toEqual(['data[1].txt'])
  })

  test('keep their positions when the folder moves, and when it is reached by another way', async () => {
    const directory = scratch()
    mkdirSync(join(directory, 'one'))
    writeFileSync(join(directory, 'one/a.txt'), 'first\nsecond\n')
    const before = await fileSource(textFormat, join(directory, 'one/*.txt'), false).open('a.txt', undefined)
    await before.read(1)
    const position = before.position()
    await before.close()
    renameSync(join(directory, 'one'), join(directory, 'two'))
    symlinkSync(join(directory, 'two'), join(directory, 'link'))
    for (const folder of ['two', 'link']) {
      const source = fileSource(textFormat, join(directory, folder, '*.txt'), false)
      expect(await source.splits()).toEqual(['a.txt'])
      const after = await source.open('a.txt', position)
      expect(await readAll(after, 1)).toEqual(['second'])
      await after.close()
    }
  })

  test('must exist where the source is bounded, and the error names the pattern', async () => {
    const pattern = join(scratch(), '*.csv')
    for (const paths of [pattern, pattern.replace('*', 'x')]) {
      await expect(fileSource(Row, paths, false).splits()).rejects.toMatchObject({
        code: 'DefinitionError',
        message: expect.stringContaining(`csv(${paths}) finds no file`) as string,
      })
    }
    expect(() => fileSource(Row, [], false)).toThrow('at least one path')
    expect(() => fileSource(Row, [''], false)).toThrow('none is empty')
  })

  test('are opened only at a position', async () => {
    const { source } = await openFile(textFormat, 'one\ntwo\n')
    for (const position of [{}, { offset: -1, line: 1, tail: '' }, { offset: 1.5, line: 1, tail: '' }, 7, 'x']) {
      await expect(source.open('file', position as FilePosition)).rejects.toThrow(PositionLost)
    }
  })
})
