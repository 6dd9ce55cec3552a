import { KeyedStateStore } from '../src/engine/embedded/state/keyed-state-store.js'
import { writeState } from '../src/engine/embedded/task/write-state.js'
import { StateWriters } from '../src/engine/embedded/writer/state-writers.js'
import { configureStorage, openStorage, storageSettings } from '../src/storage/index.js'
import { S3Connection } from '../src/storage/s3/s3-connection.js'
import { S3Storage } from '../src/storage/s3/s3-storage.js'
import { FaultProxy } from '../test/support/fault-proxy.js'
import { startMinio } from '../test/support/servers/minio.js'
import { createBucket } from '../test/support/servers/s3-server.js'
import type { Benchmark, Contender, Figures } from './benchmark.js'

const bucket = 'benchmark'
const keys = 100_000
const valueBytes = 1_000

/** As AWS's own command line uploads. */
const partSize = 8 * 1024 * 1024
const partsAtOnce = 10

export const s3Snapshot: Benchmark = {
  name: 's3-snapshot',
  title: 'A snapshot of 100 MB of state to S3',
  description:
    'A task’s state of 100,000 keys with 1 kB each is encoded, hashed and written to MinIO on the same machine, as a full snapshot does ' +
    '([write-state.ts](../src/engine/embedded/task/write-state.ts)). The plain upload sends as many bytes, which are in memory already, in ' +
    'parts of 8 MiB, ten at once, as AWS’s command line does; the stream sends them through the driver alone. Client and server share the ' +
    'processors, so that encoding takes from the server what it needs.',
  compares: { figure: 'MB/s', better: 'higher' },
  async prepare({ onClose }) {
    const server = await startMinio()
    onClose(() => server.stop())
    Object.assign(process.env, server.env)
    await createBucket(server, bucket)
    const store = filledStore()
    const proxy = await FaultProxy.start(server.endpoint)
    onClose(() => proxy.close())
    const size = await snapshot(store, proxy.origin, 1)
    const writers = new StateWriters()
    onClose(() => writers.close())
    const requests = proxy.requests.length
    let number = 1
    return [plainUpload(server.endpoint, size), streamed(server.endpoint, size), snapshotTo(server.endpoint)]

    function snapshotTo(endpoint: string): Contender {
      return {
        name: 'snapshot',
        run: async () => ({ ...(await timed(() => snapshot(store, endpoint, ++number, writers))), requests }),
      }
    }
  },
}

function filledStore(): KeyedStateStore<Buffer> {
  const store = new KeyedStateStore<Buffer>({ operator: 'state', stateVersion: 1, incremental: false })
  for (let key = 0; key < keys; key++) store.set(`key-${key}`, Buffer.alloc(valueBytes, key % 251))
  return store
}

/** Answers the size of the state file, in bytes. */
async function snapshot(
  store: KeyedStateStore<Buffer>,
  endpoint: string,
  number: number,
  writers?: StateWriters,
): Promise<number> {
  configureStorage({ ...storageSettings(), s3: { endpoint, pathStyleAccess: true } })
  const storage = openStorage(`s3://${bucket}/checkpoints`)
  const openWriter = writers && (async () => writers.open())
  const scope = { kind: 'job' } as const
  const context = { job: 'job', execution: 'execution', attempt: 1, task: 0, scope, number, shared: false, openWriter }
  return (await writeState(storage, 'state', store.cut(number, undefined), context)).written
}

function plainUpload(endpoint: string, size: number): Contender {
  const content = Buffer.alloc(size, 7)
  const parts = Math.ceil(size / partSize)
  const connection = new S3Connection({ endpoint, pathStyleAccess: true })
  let number = 0
  const upload = async () => {
    const client = await connection.client()
    const object = { Bucket: bucket, Key: `plain/${++number}` }
    const { UploadId } = await client.createMultipartUpload(object)
    const Parts: { readonly PartNumber: number; readonly ETag: string | undefined }[] = []
    let next = 1
    const lane = async () => {
      for (let PartNumber = next++; PartNumber <= parts; PartNumber = next++) {
        const Body = content.subarray((PartNumber - 1) * partSize, PartNumber * partSize)
        const { ETag } = await client.uploadPart({ ...object, UploadId, PartNumber, Body })
        Parts.push({ PartNumber, ETag })
      }
    }
    await Promise.all(Array.from({ length: partsAtOnce }, lane))
    Parts.sort((a, b) => a.PartNumber - b.PartNumber)
    await client.completeMultipartUpload({ ...object, UploadId, MultipartUpload: { Parts } })
    return size
  }
  return { name: 'plain upload', run: async () => ({ ...(await timed(upload)), requests: parts + 2 }) }
}

/** The same bytes through the driver, as pieces of a stream: what it costs without encoding and hashing. */
function streamed(endpoint: string, size: number): Contender {
  const storage = new S3Storage(bucket, 'streamed', { endpoint, pathStyleAccess: true })
  const content = Buffer.alloc(size, 7)
  async function* pieces() {
    for (let offset = 0; offset < size; offset += 256 * 1024) yield content.subarray(offset, offset + 256 * 1024)
  }
  let number = 0
  const write = async () => {
    await storage.write(String(++number), pieces())
    return size
  }
  return {
    name: 'stream of those bytes',
    run: async () => ({ ...(await timed(write)), requests: Math.ceil(size / partSize) + 2 }),
  }
}

async function timed(work: () => Promise<number>): Promise<Figures> {
  const begun = performance.now()
  const bytes = await work()
  const ms = performance.now() - begun
  return { 'MB/s': bytes / 1000 / ms, ms }
}
