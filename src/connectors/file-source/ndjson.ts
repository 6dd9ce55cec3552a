import type { z } from 'zod'
import { messageOf } from '../../errors.js'
import type { Stream } from '../../pipeline/stream.js'
import { type FileSourceOptions, streamOfFiles } from './file-source.js'
import type { Decoded, FileFormat } from './format.js'
import { findNewline } from './record-file.js'
import { faultOf } from './schema-fault.js'

export interface NdjsonOptions<Schema extends z.ZodType> extends FileSourceOptions<z.output<Schema>> {
  /** What each line must hold, and the stream's record type. */
  readonly schema: Schema
}

/**
 * One JSON value a line; empty lines are passed over. A line that is no JSON or does not fit the schema fails the task,
 * naming file, line and byte.
 */
export function ndjson<Schema extends z.ZodType>(
  paths: string | readonly string[],
  options: NdjsonOptions<Schema>,
): Stream<z.output<Schema>> {
  return streamOfFiles(ndjsonFormat(options.schema), paths, options)
}

export function ndjsonFormat<Schema extends z.ZodType>(schema: Schema): FileFormat<z.output<Schema>> {
  return {
    name: 'ndjson',
    findEnd: findNewline,
    skipEmpty: true,
    copies: true,
    decoder: () => ({ needsHeader: false, decode: (texts) => decode(schema, texts) }),
  }
}

function decode<Schema extends z.ZodType>(schema: Schema, texts: readonly string[]): Decoded<z.output<Schema>> {
  const records: z.output<Schema>[] = []
  for (const text of texts) {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      return { records, fault: `not JSON: ${messageOf(error)}` }
    }
    const parsed = schema.safeParse(value)
    if (!parsed.success) return { records, fault: faultOf(parsed.error) }
    records.push(parsed.data)
  }
  return { records }
}
