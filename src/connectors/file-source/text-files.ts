import type { Stream } from '../../pipeline/stream.js'
import { type FileRecord, textsOf } from './file-record.js'
import { type FileSourceOptions, streamOfFiles } from './file-source.js'
import type { Decoded, FileFormat } from './format.js'
import { findNewline } from './record-file.js'

/** The lines of text files (UTF-8), without their line ends; empty lines included. */
export function textFiles(paths: string | readonly string[], options: FileSourceOptions<string> = {}): Stream<string> {
  return streamOfFiles(textFormat, paths, options)
}

export const textFormat: FileFormat<string> = {
  name: 'textFiles',
  findEnd: findNewline,
  skipEmpty: false,
  decoder: () => ({ needsHeader: false, decode }),
}

function decode(records: readonly FileRecord[]): Decoded<string> {
  const { texts, ...fault } = textsOf(records)
  return { records: texts, ...fault }
}
