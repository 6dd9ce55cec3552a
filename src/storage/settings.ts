import { limitCalls } from './file/patience.js'

/**
 * How this process reaches each kind of store. It is a fact of the process, like its network: a URI that was recorded on
 * one host is opened on another one by that host's own settings. Secrets are never here; each driver finds them where its own world keeps
 * them. Plain data, which a worker thread is given as it is.
 */
export interface StorageSettings {
  readonly file?: FileSettings
  readonly s3: S3Settings
  readonly hdfs: HdfsSettings
}

export interface FileSettings {
  /** Milliseconds after which a call that has not returned counts as hanging. */
  readonly timeoutMs: number
}

export interface S3Settings {
  /** URL of a server that is not AWS. */
  readonly endpoint?: string
  /** Default: what the environment or the profile of the AWS tools says. */
  readonly region?: string
  /** Whether the bucket is in the path of a URL rather than in its host name. */
  readonly pathStyleAccess: boolean
}

export interface HdfsSettings {
  /** With Hadoop's `core-site.xml` and `hdfs-site.xml`. Default: `HADOOP_CONF_DIR`. */
  readonly confDir?: string
  /** Settings of Hadoop's by their own names, which win over those files. */
  readonly properties: Readonly<Record<string, string>>
  /** Certificates to trust besides the well-known ones: path of a PEM file. */
  readonly caFile?: string
}

let current: StorageSettings = { s3: { pathStyleAccess: false }, hdfs: { properties: {} } }

/** Sets what every store that this thread opens from now on is reached by. */
export function configureStorage(settings: StorageSettings): void {
  current = settings
  if (settings.file) limitCalls(settings.file.timeoutMs)
}

export function storageSettings(): StorageSettings {
  return current
}
