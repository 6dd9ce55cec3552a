import { isAbsolute, relative } from 'node:path'
import { TidemarkError } from '../../errors.js'
import { from } from '../../pipeline/from.js'
import type { KeySelector } from '../../pipeline/key.js'
import type { Source } from '../../pipeline/source.js'
import type { Stream } from '../../pipeline/stream.js'
import { FileList } from './file-list.js'
import { FileSplitReader } from './file-split-reader.js'
import type { FileFormat } from './format.js'
import type { FilePosition } from './position.js'

export interface FileSourceOptions<T> {
  /** Names the source in snapshots; needed where a job has several sources. */
  readonly id?: string | undefined
  /** At most so many records a second in each task; absent = as fast as the disk gives them. */
  readonly rate?: number | undefined
  /**
   * Goes on reading as the files grow and as new ones appear, for ever. Without it the files must be whole: the job
   * ends at their ends.
   */
  readonly follow?: boolean | undefined
  /** Promises that records of one key are all in one file: see {@link FromOptions.partitionedBy}. */
  readonly partitionedBy?: KeySelector<T> | undefined
}

/** A source of the files that match `paths`, each file a split. */
export function streamOfFiles<T>(
  format: FileFormat<T>,
  paths: string | readonly string[],
  options: FileSourceOptions<T>,
): Stream<T> {
  return from(fileSource(format, paths, options.follow ?? false), options)
}

export function fileSource<T>(
  format: FileFormat<T>,
  paths: string | readonly string[],
  follow: boolean,
): Source<T, FilePosition> {
  const list = new FileList(paths)
  const shown = typeof paths === 'string' ? paths : paths.join(', ')
  const name = `${format.name}(${shown})`
  return {
    name,
    bounded: !follow,
    async splits() {
      const ids = await list.ids()
      if (ids.length === 0 && !follow) {
        throw new TidemarkError(
          'DefinitionError',
          `${name} finds no file: check the path, which is taken from ${process.cwd()} where it is relative.`,
          { path: shown },
        )
      }
      return ids
    },
    async open(split, position) {
      const path = list.path(split)
      return new FileSplitReader(format, { path, label: labelOf(path), follow }, position)
    },
  }
}

/** The shorter way to name a file to a person who stands in the working directory. */
function labelOf(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') || isAbsolute(fromHere) ? path : fromHere
}
