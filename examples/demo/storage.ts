import { configureStorage, storageSettings } from '../../src/storage/index.js'
import { startHdfs } from '../../test/support/servers/hdfs/hdfs-server.js'
import { startMoto } from '../../test/support/servers/moto.js'
import { createBucket } from '../../test/support/servers/s3-server.js'

/** Where checkpoints can be; each but the first is a server that the demo installs and starts. */
export const storageKinds = ['file', 's3', 'hdfs'] as const
export type StorageKind = (typeof storageKinds)[number]

export interface DemoStorage {
  /** `state.checkpoints.dir`; a path is relative to the demo's directory. */
  readonly checkpointsDir: string
  /** Further keys of the configuration. */
  readonly configuration: Readonly<Record<string, string>>
  /** One sentence for the reader, where there is something to tell. */
  readonly told?: string
  close(): Promise<void>
}

/** From then on this process reaches the store too, and so do the workers that it starts. */
export async function startStorage(kind: StorageKind, log: (line: string) => void): Promise<DemoStorage> {
  switch (kind) {
    case 'file':
      return { checkpointsDir: 'checkpoints', configuration: {}, close: async () => {} }
    case 's3':
      return startS3(log)
    case 'hdfs':
      return startHadoop(log)
  }
}

async function startS3(log: (line: string) => void): Promise<DemoStorage> {
  log('An S3 server is started; the first time it is installed with pip, which takes a minute.')
  const server = await startMoto()
  try {
    Object.assign(process.env, server.env)
    configureStorage({
      ...storageSettings(),
      s3: { endpoint: server.endpoint, region: 'us-east-1', pathStyleAccess: true },
    })
    await createBucket(server, 'demo-bucket')
    return {
      checkpointsDir: 's3://demo-bucket/checkpoints',
      configuration: server.configuration,
      told: `Checkpoints go to s3://demo-bucket/checkpoints on an S3 server at ${server.endpoint}.`,
      close: () => server.stop(),
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** The workers find it as every user of Hadoop does: by `HADOOP_CONF_DIR`, which they inherit. */
async function startHadoop(log: (line: string) => void): Promise<DemoStorage> {
  log('HDFS is started; the first time it is installed with Maven, which takes a minute.')
  const server = await startHdfs()
  Object.assign(process.env, server.env)
  return {
    checkpointsDir: 'hdfs:///checkpoints/',
    configuration: server.configuration,
    told: `Checkpoints go to hdfs:///checkpoints/, which is ${server.uri}; WebHDFS is at ${server.http}.`,
    close: () => server.stop(),
  }
}
