import { randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { probe } from '../../src/storage/index.js'
import { S3Connection } from '../../src/storage/s3/s3-connection.js'
import { s3Contract, s3Storage } from '../storage/s3-contract.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { startMoto } from '../support/servers/moto.js'
import { s3Answer } from '../support/servers/s3-answers.js'

// Its HTTP server ends a name at a line break.
const moto = s3Contract('s3 on moto', startMoto, { lineBreaks: false })

describe('uploads that nobody finished', () => {
  const begin = async (folder: string, name: string) => {
    const connection = connectionTo(moto())
    const address = { Bucket: 'contract', Key: `${folder}/${name}` }
    const { UploadId } = await connection.call((client, options) => client.createMultipartUpload(address, options))
    return { ...address, UploadId }
  }
  const uploads = async (folder: string) => {
    const page = await connectionTo(moto()).call((client, options) =>
      client.listMultipartUploads({ Bucket: 'contract', Prefix: folder }, options),
    )
    return (page.Uploads ?? []).map(({ Key }) => Key)
  }

  it('are aborted below a folder that is given up, and stay elsewhere', async () => {
    const folder = randomUUID()
    const storage = s3Storage(moto(), 'contract', folder)
    for (const name of ['job/a', 'job/deep/b', 'job2/c']) await begin(folder, name)
    expect(await uploads(folder)).toHaveLength(3)
    const told: string[] = []
    await storage.tidy('job', 'all', async (names) => {
      told.push(...names)
    })
    expect(told.sort()).toEqual(['job/a', 'job/deep/b'])
    expect(await uploads(folder)).toEqual([`${folder}/job2/c`])
  })

  it.each([
    { hours: 23, left: 1 },
    { hours: 25, left: 0 },
  ])('begun $hours h ago: $left are left; it is looked for them once an hour', async ({ hours, left }) => {
    const folder = randomUUID()
    const { Key, UploadId } = await begin(folder, 'job/a')
    const proxy = await FaultProxy.start(moto().endpoint)
    onTestFinished(() => proxy.close())
    const storage = s3Storage({ endpoint: proxy.origin }, 'contract', folder)
    // The server's own list, but for the date: moto's is made up, and a test cannot wait for a real one.
    const begun = new Date(Date.now() - hours * 3600_000).toISOString()
    const listing = `<Upload><Key>${Key}</Key><UploadId>${UploadId}</UploadId><Initiated>${begun}</Initiated></Upload>`
    const answer = `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${listing}</ListMultipartUploadsResult>`
    proxy.plan(({ method }) => (method === 'GET' ? s3Answer(200, answer) : undefined))
    await storage.tidy('job', 'dead')
    expect(await uploads(folder)).toHaveLength(left)
    const requests = proxy.requests.length
    await storage.tidy('job', 'dead')
    expect(proxy.requests.length).toBe(requests)
  })
})

it('a server that ignores the condition of a write is refused by the probe', async () => {
  const proxy = await FaultProxy.start(moto().endpoint, (headers) => {
    delete headers['if-none-match']
  })
  onTestFinished(() => proxy.close())
  await expect(probe(s3Storage({ endpoint: proxy.origin }, 'contract', randomUUID()), 'n')).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    message: expect.stringContaining('created and created'),
  })
})

function connectionTo({ endpoint }: { readonly endpoint: string }): S3Connection {
  return new S3Connection({ endpoint, region: 'us-east-1', pathStyleAccess: true })
}
