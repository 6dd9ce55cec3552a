import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openRoots, type Roots } from '../../src/checkpoint-store/index.js'
import { parseHdfsUri } from '../../src/storage/hdfs/hdfs-uri.js'
import { openHdfs } from '../../src/storage/hdfs/open-hdfs.js'
import { S3Storage } from '../../src/storage/s3/s3-storage.js'
import { startHdfs, writeHadoopFile } from '../support/servers/hdfs/hdfs-server.js'
import { startMinio } from '../support/servers/minio.js'
import { createBucket } from '../support/servers/s3-server.js'
import type { EntryRecord } from './entry-record.js'
import { hdfsDialect } from './store/hdfs-steps.js'
import { s3Dialect } from './store/s3-steps.js'
import { steadfast } from './store/steadfast.js'
import { StoreFaults } from './store/store-faults.js'

export const schemes = ['file', 's3', 'hdfs'] as const

export type Scheme = (typeof schemes)[number]

/** Where checkpoints lie. */
export interface Place {
  /** As whoever looks on reaches them: no fault befalls it. */
  readonly roots: Roots
  /** For the `tidemark.yaml` of worker processes. */
  readonly configuration: Readonly<Record<string, string>>
  /** For their environment. */
  readonly env: Readonly<Record<string, string>>
  /** Where checkpoints lie on another machine; a directory has none of it. */
  readonly remote?: RemoteStore
  close(): Promise<void>
}

export interface RemoteStore {
  readonly faults: StoreFaults
  /** For the environment of the process behind a door. */
  through(origin: string): Readonly<Record<string, string>>
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>
  /** At the same address, with what was on its disks. */
  restart(): Promise<void>
}

const bucket = 'campaign'

/**
 * @param directory of the range
 * @param record is told what happens to the entries of logs on another machine
 */
export function openPlace(scheme: Scheme, directory: string, record: EntryRecord): Promise<Place> {
  switch (scheme) {
    case 'file':
      return openFiles(directory)
    case 's3':
      return openS3(record)
    case 'hdfs':
      return openOnHdfs(directory, record)
  }
}

async function openFiles(directory: string): Promise<Place> {
  for (const name of ['metadata', 'state']) await mkdir(join(directory, name), { mode: 0o700 })
  return {
    roots: openRoots(`file://${directory}/metadata`, `file://${directory}/state`),
    configuration: { 'state.checkpoints.dir': './metadata', 'state.backend.fs.checkpointdir': './state' },
    env: {},
    close: async () => {},
  }
}

async function openS3(record: EntryRecord): Promise<Place> {
  const server = await startMinio()
  Object.assign(process.env, server.env)
  await createBucket(server, bucket)
  const settings = { endpoint: server.endpoint, region: 'us-east-1', pathStyleAccess: true }
  const open = (name: string) => steadfast(new S3Storage(bucket, name, settings))
  return {
    roots: { metadata: open('metadata'), data: open('state') },
    configuration: {
      ...server.configuration,
      'state.checkpoints.dir': `s3://${bucket}/metadata`,
      'state.backend.fs.checkpointdir': `s3://${bucket}/state`,
    },
    env: server.env,
    remote: {
      faults: new StoreFaults(server.endpoint, s3Dialect(bucket), record),
      through: (origin) => ({ TIDEMARK_S3_ENDPOINT: origin }),
      kill: server.kill,
      restart: server.restart,
    },
    close: server.stop,
  }
}

/** A request that hangs is given up within the patience of a checkpoint here, not in the 20 s that production has. */
const readTimeout = '5s'

async function openOnHdfs(directory: string, record: EntryRecord): Promise<Place> {
  const server = await startHdfs()
  Object.assign(process.env, server.env)
  const confDir = join(directory, 'hadoop')
  await mkdir(confDir)
  await writeHadoopFile(join(confDir, 'core-site.xml'), { 'fs.defaultFS': server.uri })
  await writeHadoopFile(join(confDir, 'hdfs-site.xml'), {
    'dfs.namenode.http-address': server.http,
    'dfs.webhdfs.socket.read-timeout': readTimeout,
  })
  const open = (uri: string) => {
    const parsed = parseHdfsUri(uri)
    if (parsed === undefined) throw new Error(`${uri} is no URI of HDFS.`)
    return steadfast(openHdfs(parsed, { confDir, properties: {} }))
  }
  const metadata = 'hdfs:///metadata'
  const data = 'hdfs:///state'
  return {
    roots: { metadata: open(metadata), data: open(data) },
    configuration: { 'state.checkpoints.dir': metadata, 'state.backend.fs.checkpointdir': data },
    env: { ...server.env, HADOOP_CONF_DIR: confDir },
    remote: {
      faults: new StoreFaults(`http://${server.http}`, hdfsDialect(), record),
      through: (origin) => ({ TIDEMARK_DFS_NAMENODE_HTTP_ADDRESS: new URL(origin).host }),
      kill: server.kill,
      restart: server.restart,
    },
    close: server.stop,
  }
}
