import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { csvFormat } from '../../src/connectors/file-source/csv.js'
import { fileSource } from '../../src/connectors/file-source/file-source.js'
import type { FileFormat } from '../../src/connectors/file-source/format.js'
import { ndjsonFormat } from '../../src/connectors/file-source/ndjson.js'
import { textFormat } from '../../src/connectors/file-source/text-files.js'
import { generatorSource } from '../../src/connectors/generator/generate.js'
import { limitRate } from '../../src/pipeline/rate-limit.js'
import { scratch } from './scratch.js'
import { describeSource, type SourceInput } from './source-contract.js'

const losses = ['is gone', 'was cut', 'was replaced']

function filesWith<T>(
  format: FileFormat<T>,
  pattern: string,
  contents: Readonly<Record<string, string>>,
  expected: Readonly<Record<string, readonly T[]>>,
): SourceInput<T> {
  const directory = scratch()
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(directory, name), content)
  return {
    source: fileSource(format, join(directory, pattern), false),
    expected: new Map(Object.entries(expected)),
    lose(how, split) {
      const path = join(directory, split)
      if (how === 'is gone') rmSync(path)
      if (how === 'was cut') truncateSync(path, 3)
      if (how === 'was replaced') writeFileSync(path, 'x'.repeat(10_000))
    },
  }
}

describeSource(
  'textFiles',
  () =>
    filesWith(
      textFormat,
      '*.txt',
      {
        'a.txt': 'one\r\ntwo\n\nthree \u00e4\u{1f30a}\nlast without end',
        'b.txt': '\ufefffirst\nsecond\nthird\n',
        'c.md': 'no\n',
      },
      {
        'a.txt': ['one', 'two', '', 'three \u00e4\u{1f30a}', 'last without end'],
        'b.txt': ['first', 'second', 'third'],
      },
    ),
  losses,
)

describeSource(
  'ndjson',
  () =>
    filesWith(
      ndjsonFormat(z.object({ n: z.number() })),
      '*.ndjson',
      {
        'a.ndjson': '\ufeff{"n":1}\n\n{"n":2}\r\n{"n":3}\n\n\n{"n":4}\n{"n":5}',
        'b.ndjson': '{"n":6}\n{"n":7}\n{"n":8}\n\n',
      },
      { 'a.ndjson': [1, 2, 3, 4, 5].map((n) => ({ n })), 'b.ndjson': [6, 7, 8].map((n) => ({ n })) },
    ),
  losses,
)

const Named = z.object({ name: z.string(), n: z.coerce.number() })

describeSource(
  'csv',
  () =>
    filesWith(
      csvFormat({ schema: Named }),
      '*.csv',
      {
        'a.csv': '\ufeff"name",n\r\n"two\nlines",1\r\nplain,2\r\n\r\n"say ""hi"", twice",3\r\nlast,4',
        'b.csv': 'n,name\n5,five\n6,"a\n\nb"\n7,\n',
      },
      {
        'a.csv': [
          { name: 'two\nlines', n: 1 },
          { name: 'plain', n: 2 },
          { name: 'say "hi", twice', n: 3 },
          { name: 'last', n: 4 },
        ],
        'b.csv': [
          { name: 'five', n: 5 },
          { name: 'a\n\nb', n: 6 },
          { name: '', n: 7 },
        ],
      },
    ),
  losses,
)

describeSource(
  'csv without a header',
  () =>
    filesWith(
      csvFormat({ schema: Named, columns: ['name', 'n'], delimiter: ';' }),
      '*.csv',
      { 'a.csv': 'a,b;1\n"c;d";2\ne;3\nf;4\n' },
      {
        'a.csv': [
          { name: 'a,b', n: 1 },
          { name: 'c;d', n: 2 },
          { name: 'e', n: 3 },
          { name: 'f', n: 4 },
        ],
      },
    ),
  losses,
)

describeSource('generate', () => ({
  source: generatorSource({ count: 7, make: (index) => ({ index, square: index * index }) }),
  expected: new Map([['0', Array.from({ length: 7 }, (_, index) => ({ index, square: index * index }))]]),
}))

describeSource('a source with a rate', () => ({
  source: limitRate(generatorSource({ count: 7, make: (index) => index }), 10_000),
  expected: new Map([['0', [0, 1, 2, 3, 4, 5, 6]]]),
}))
