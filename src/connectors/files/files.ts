import { TidemarkError } from '../../errors.js'
import type { Sink } from '../../pipeline/sink.js'
import { type FileSystem, localFileSystem } from './file-system.js'
import { layoutOf } from './layout.js'
import { takeDirectory } from './owner.js'
import { PartWriter } from './part-writer.js'
import { patientFileSystem } from './patient-file-system.js'
import { tellingWhere } from './probe-directory.js'
import { recover } from './recover.js'

/**
 * NDJSON files in a directory, each record in them exactly once: a file becomes visible, whole, when the checkpoint
 * that covers it exists. Readers take `part-*.ndjson` in the directory itself and leave its subdirectories alone. The
 * directory belongs to this sink of this job (`DirectoryOwned` for any other), and must lie below
 * `tidemark.allowed-dirs`.
 */
export function files(directory: string): Sink<unknown> {
  return filesSink(directory, patientFileSystem(directory, localFileSystem))
}

/** With the file system to be given, for tests that crash it. */
export function filesSink(directory: string, fs: FileSystem): Sink<unknown> {
  if (typeof directory !== 'string' || directory === '') {
    throw new TidemarkError('DefinitionError', 'The files sink needs the path of a directory.')
  }
  return {
    name: `files(${directory})`,
    kind: 'files',
    guarantee: 'two-phase',
    recover(context) {
      const place = context.resolveDirectory(directory)
      return tellingWhere('recover the output in', place, () => recover(fs, place, context))
    },
    async open(context) {
      const layout = layoutOf(context.resolveDirectory(directory))
      await tellingWhere('write to', layout.committed, () => takeDirectory(fs, layout, context))
      return new PartWriter(fs, layout, context)
    },
  }
}
