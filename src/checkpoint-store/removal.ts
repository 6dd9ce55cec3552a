import { joinUri, type Storage } from '../storage/index.js'
import type { ExecutionPlace } from './roots.js'

/** A file that is to go. */
export interface DoomedFile {
  readonly folder: Storage
  /** Below the execution's folder. */
  readonly name: string
  /** Bytes. */
  readonly size: number
}

/** Files that may go in any order; stages go one after the other. */
export type Stage = readonly DoomedFile[]

/** Called with what goes, ahead of its removal, and again with unfinished files where there are some: whoever audits writes it down. */
export type BeforeRemoval = (files: readonly DoomedFile[]) => Promise<void>

/** What was removed. */
export interface Removed {
  /** URIs. */
  readonly deleted: readonly string[]
  readonly bytes: number
}

/** Stage by stage: after a crash none of a later one has gone before all of an earlier one. */
export async function removeFiles(
  place: ExecutionPlace,
  stages: readonly Stage[],
  writers: 'dead' | 'all',
  before?: BeforeRemoval,
): Promise<Removed> {
  const files = stages.flat()
  if (files.length > 0) await before?.(files)
  await deleteInStages(stages)
  for (const folder of [place.metadata, ...(place.data ? [place.data] : [])]) {
    const unfinished = (names: readonly string[]) => before?.(names.map((name) => ({ folder, name, size: 0 })))
    await folder.tidy('', writers, async (names) => unfinished(names))
  }
  return { deleted: files.map(({ folder, name }) => joinUri(folder.uri, name)), bytes: bytesOf(files) }
}

/** The same for files alone: what writers left unfinished stays. */
export async function deleteInStages(stages: readonly Stage[]): Promise<void> {
  for (const stage of stages) {
    for (const folder of new Set(stage.map((file) => file.folder))) {
      await folder.deleteAll(stage.filter((file) => file.folder === folder).map(({ name }) => name))
    }
  }
}

export function bytesOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0)
}

/** Files of a folder by name, with their sizes. */
export async function sizesIn(folder: Storage | undefined): Promise<ReadonlyMap<string, number>> {
  if (folder === undefined) return new Map()
  return new Map((await folder.list('')).map(({ name, size }) => [name, size]))
}

export function doom(
  folder: Storage | undefined,
  names: readonly string[],
  sizes: ReadonlyMap<string, number>,
): DoomedFile[] {
  return folder === undefined ? [] : names.map((name) => ({ folder, name, size: sizes.get(name) ?? 0 }))
}
