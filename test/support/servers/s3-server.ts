import { S3Connection } from '../../../src/storage/s3/s3-connection.js'

/** A server that speaks S3, on this machine, for tests, the demo and benchmarks. */
export interface S3Server {
  readonly endpoint: string
  /** For the processes that use it: credentials as AWS's tools take them. */
  readonly env: Readonly<Record<string, string>>
  /** `tidemark.yaml` of those processes. */
  readonly configuration: Readonly<Record<string, string>>
  /** At once, as a crash would. */
  kill(): Promise<void>
  /** After `kill`, at the same address; a server that keeps its data in memory has lost it. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** What every server of ours has in common. */
export function s3Access(endpoint: string, accessKey: string, secretKey: string) {
  return {
    endpoint,
    env: {
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
      // Nothing of whoever runs this gets in the way, and nobody asks the cloud for a role.
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PROFILE: '',
      AWS_SESSION_TOKEN: '',
    },
    configuration: { 's3.endpoint': endpoint, 's3.path.style.access': 'true', 's3.region': 'us-east-1' },
  }
}

/** With the credentials of this process. */
export async function createBucket({ endpoint }: Pick<S3Server, 'endpoint'>, bucket: string): Promise<void> {
  const connection = new S3Connection({ endpoint, pathStyleAccess: true })
  await connection.call((client, options) => client.createBucket({ Bucket: bucket }, options))
}
