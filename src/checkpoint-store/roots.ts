import { executionFolder, idPattern } from '../checkpoint/paths.js'
import { joinUri, openStorage, type Storage, scopedStorage } from '../storage/index.js'

/** The two directories of a configuration: `state.checkpoints.dir` and `state.backend.fs.checkpointdir`; often one. */
export interface Roots {
  readonly metadata: Storage
  readonly data: Storage
}

/** An execution's own folder below each root. */
export interface ExecutionPlace {
  readonly metadata: Storage
  /** Absent where both roots are one. */
  readonly data?: Storage
}

/** @throws InvalidConfiguration for a URI without a driver */
export function openRoots(metadataUri: string, dataUri: string): Roots {
  const metadata = openStorage(metadataUri)
  const data = openStorage(dataUri)
  return { metadata, data: data.uri === metadata.uri ? metadata : data }
}

export function placeOf(roots: Roots, job: string, execution: string): ExecutionPlace {
  const folder = executionFolder(job, execution)
  const metadata = scopedStorage(roots.metadata, folder)
  return roots.data.uri === roots.metadata.uri ? { metadata } : { metadata, data: scopedStorage(roots.data, folder) }
}

export function executionUri(roots: Roots, job: string, execution: string): string {
  return joinUri(roots.metadata.uri, executionFolder(job, execution))
}

/** The store of an execution's folder by its URI: through the roots where it lies below them, else on its own. */
export function openExecutionFolder(uri: string, roots?: Roots): Storage {
  if (roots !== undefined && uri.startsWith(`${roots.metadata.uri}/`)) {
    const folder = uri.slice(roots.metadata.uri.length + 1)
    const segments = folder.split('/')
    if (segments.length === 2 && segments.every((segment) => idPattern.test(segment))) {
      return scopedStorage(roots.metadata, folder)
    }
  }
  return openStorage(uri)
}
