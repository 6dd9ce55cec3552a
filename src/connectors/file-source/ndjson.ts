import type { z } from 'zod'
import type { Stream } from '../../pipeline/stream.js'
import { type FileSourceOptions, streamOfFiles } from './file-source.js'
import type { FileFormat } from './format.js'
import { NdjsonDecoder } from './ndjson-decoder.js'
import { findNewline } from './record-file.js'

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
    wantsText: true,
    decoder: () => new NdjsonDecoder(schema),
  }
}
