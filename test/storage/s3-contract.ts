import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { S3Storage } from '../../src/storage/s3/s3-storage.js'
import { createBucket, type S3Server } from '../support/servers/s3-server.js'
import { storageContract } from './contract.js'
import { processContract } from './process-contract.js'

/** The contract suites against a server that is started for them; each test has a prefix of its own in one bucket. */
export function s3Contract(
  name: string,
  start: () => Promise<S3Server>,
  options: { readonly lineBreaks?: boolean } = {},
): () => S3Server {
  let server: S3Server | undefined
  beforeAll(async () => {
    server = await start()
    Object.assign(process.env, server.env)
    await createBucket(server, 'contract')
  })
  afterAll(() => server?.stop())
  const running = () => {
    if (server === undefined) throw new Error(`${name} did not start`)
    return server
  }
  const open = async () => s3Storage(running(), 'contract', `a prefix/${randomUUID()}`)
  storageContract(name, open, options)
  processContract(name, async () => ({ storage: await open(), env: childEnvironment(running()) }), 1024)
  return running
}

export function s3Storage({ endpoint }: Pick<S3Server, 'endpoint'>, bucket: string, folder: string): S3Storage {
  return new S3Storage(bucket, folder, { endpoint, region: 'us-east-1', pathStyleAccess: true })
}

/** With which another process opens the same stores by URI. */
function childEnvironment({ env, configuration }: S3Server): NodeJS.ProcessEnv {
  return {
    ...env,
    TIDEMARK_S3_ENDPOINT: configuration['s3.endpoint'],
    TIDEMARK_S3_REGION: configuration['s3.region'],
    TIDEMARK_S3_PATH_STYLE_ACCESS: configuration['s3.path.style.access'],
  }
}
