import { executionRecordName, isExecutionFile, parseRootName } from '../checkpoint/paths.js'
import { joinUri, type Storage, type StoredObject } from '../storage/index.js'
import type { Roots } from './roots.js'

/** What lies below the roots, by what it is. Nothing has been read yet but names. */
export interface Survey {
  /** Executions in name order. */
  readonly executions: readonly FoundFolder[]
  /** Folders of an execution without its record. */
  readonly strays: readonly FoundFolder[]
  /** Of storage probes, by folder. */
  readonly probes: ReadonlyMap<string, readonly FoundFile[]>
  /** URIs of files that this program does not write. */
  readonly unknown: readonly string[]
}

export interface FoundFolder {
  readonly job: string
  readonly execution: string
  /** Those that this program writes. */
  readonly files: readonly FoundFile[]
}

export interface FoundFile extends StoredObject {
  readonly root: Storage
}

/** Lists both roots, the metadata first: a record that is there by then is found. */
export async function takeSurvey(roots: Roots): Promise<Survey> {
  const files = await filesIn(roots.metadata)
  if (roots.data.uri !== roots.metadata.uri) files.push(...(await filesIn(roots.data)))
  const folders = new Map<string, FoundFile[]>()
  const recorded = new Set<string>()
  const probes = new Map<string, FoundFile[]>()
  const unknown: string[] = []
  for (const file of files) {
    const place = parseRootName(file.name)
    switch (place.kind) {
      case 'execution': {
        const folder = `${place.job}/${place.execution}`
        if (place.name === executionRecordName && file.root === roots.metadata) recorded.add(folder)
        if (isExecutionFile(place.name)) add(folders, folder, file)
        else unknown.push(joinUri(file.root.uri, file.name))
        break
      }
      case 'probe':
        add(probes, place.folder, file)
        break
      case 'unknown':
        unknown.push(joinUri(file.root.uri, file.name))
        break
      case 'ledger':
      case 'audit':
        break
    }
  }
  const executions: FoundFolder[] = []
  const strays: FoundFolder[] = []
  for (const [folder, files] of folders) {
    const [job = '', execution = ''] = folder.split('/')
    const list = recorded.has(folder) ? executions : strays
    list.push({ job, execution, files })
  }
  return { executions, strays, probes, unknown }
}

async function filesIn(root: Storage): Promise<FoundFile[]> {
  return (await root.list('')).map((object) => ({ ...object, root }))
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const present = map.get(key)
  if (present === undefined) map.set(key, [value])
  else present.push(value)
}
