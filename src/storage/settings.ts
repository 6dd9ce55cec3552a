/**
 * How this process reaches each kind of store. It is a fact of the process, like its network: a URI that was recorded on
 * one host is opened on another one by that host's own settings. Secrets are never here; each driver finds them where its own world keeps
 * them. Plain data, which a worker thread is given as it is.
 */
export interface StorageSettings {
  readonly s3: S3Settings
}

export interface S3Settings {
  /** URL of a server that is not AWS. */
  readonly endpoint?: string
  /** Default: what the environment or the profile of the AWS tools says. */
  readonly region?: string
  /** Whether the bucket is in the path of a URL rather than in its host name. */
  readonly pathStyleAccess: boolean
}

let current: StorageSettings = { s3: { pathStyleAccess: false } }

/** Sets what every store that this thread opens from now on is reached by. */
export function configureStorage(settings: StorageSettings): void {
  current = settings
}

export function storageSettings(): StorageSettings {
  return current
}
