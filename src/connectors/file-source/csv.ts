import type { z } from 'zod'
import { TidemarkError } from '../../errors.js'
import type { Stream } from '../../pipeline/stream.js'
import { CsvDecoder } from './csv-decoder.js'
import { findCsvRecordEnd } from './csv-record-end.js'
import { type FileSourceOptions, streamOfFiles } from './file-source.js'
import type { FileFormat } from './format.js'

export interface CsvOptions<Schema extends z.ZodType> extends FileSourceOptions<z.output<Schema>> {
  /**
   * What each record must hold, by column; every field arrives as a string (`z.coerce.number()` makes a number of it).
   */
  readonly schema: Schema
  /** The column names of files without a header; absent = the first record of each file names them. */
  readonly columns?: readonly string[] | undefined
  /** One ASCII character; `,` where absent. */
  readonly delimiter?: string | undefined
}

/**
 * Records with fields as in RFC 4180: quoted fields may hold delimiters, doubled quotes and newlines. Empty lines are
 * passed over. A record that cannot be read, has too few or too many fields, or does not fit the schema fails the task,
 * naming file, line and byte.
 */
export function csv<Schema extends z.ZodType>(
  paths: string | readonly string[],
  options: CsvOptions<Schema>,
): Stream<z.output<Schema>> {
  return streamOfFiles(csvFormat(options), paths, options)
}

export function csvFormat<Schema extends z.ZodType>(options: CsvOptions<Schema>): FileFormat<z.output<Schema>> {
  const { schema, columns, delimiter = ',' } = options
  if (!/^[^\r\n"]$/.test(delimiter) || delimiter.charCodeAt(0) > 0x7f) {
    throw new TidemarkError(
      'DefinitionError',
      `The delimiter of csv must be one ASCII character other than a quote or a line end, not ${JSON.stringify(delimiter)}.`,
    )
  }
  if (columns !== undefined && (columns.length === 0 || new Set(columns).size !== columns.length)) {
    throw new TidemarkError('DefinitionError', 'The columns of csv must be at least one name, and each only once.')
  }
  return {
    name: 'csv',
    findEnd: findCsvRecordEnd(delimiter.charCodeAt(0)),
    skipEmpty: true,
    decoder: () => new CsvDecoder(schema, delimiter, columns),
  }
}
