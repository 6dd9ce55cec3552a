import { S3Connection } from '../src/storage/s3/s3-connection.js'
import { startMinio } from '../test/support/servers/minio.js'
import { createBucket } from '../test/support/servers/s3-server.js'
import { startBoto3 } from './peers/boto3.js'
import { remoteSnapshot } from './remote-snapshot.js'

const bucket = 'benchmark'

/** As AWS's own command line uploads. */
const partSize = 8 * 1024 * 1024
const partsAtOnce = 10

export const s3Snapshot = remoteSnapshot({
  name: 's3-snapshot',
  title: 'A snapshot of 100 MB of state to S3',
  protocol: 'MinIO',
  about:
    'The first upload is by AWS’s own transfer manager (boto3, which its command line is made of), in a Python process that is running and ' +
    'has as many bytes in memory; the second one by AWS’s client for Node, set up as Tidemark does it. All send parts of 8 MiB and make 15 requests.',
  async start(surroundings) {
    const server = await startMinio()
    surroundings.onClose(() => server.stop())
    Object.assign(process.env, server.env)
    await createBucket(server, bucket)
    const { endpoint } = server
    const settings = { endpoint, pathStyleAccess: true }
    const connection = new S3Connection(settings)
    let uploads = 0
    return {
      uri: `s3://${bucket}/checkpoints`,
      settings: { s3: settings },
      uploads: async (content) => {
        const boto3 = await startBoto3(surroundings, { endpoint, bucket, content })
        return {
          'boto3 upload': () => boto3.upload(`boto3/${++uploads}`),
          'plain upload': () => plainUpload(connection, `plain/${++uploads}`, content),
        }
      },
    }
  },
})

async function plainUpload(connection: S3Connection, Key: string, content: Buffer): Promise<void> {
  const client = await connection.client()
  const object = { Bucket: bucket, Key }
  const { UploadId } = await client.createMultipartUpload(object)
  const Parts: { readonly PartNumber: number; readonly ETag: string | undefined }[] = []
  let next = 1
  const lane = async () => {
    for (let PartNumber = next++; (PartNumber - 1) * partSize < content.length; PartNumber = next++) {
      const Body = content.subarray((PartNumber - 1) * partSize, PartNumber * partSize)
      const { ETag } = await client.uploadPart({ ...object, UploadId, PartNumber, Body })
      Parts.push({ PartNumber, ETag })
    }
  }
  await Promise.all(Array.from({ length: partsAtOnce }, lane))
  Parts.sort((a, b) => a.PartNumber - b.PartNumber)
  await client.completeMultipartUpload({ ...object, UploadId, MultipartUpload: { Parts } })
}
