import { readFileSync } from 'node:fs'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { probe } from '../../src/storage/index.js'
import { S3Connection } from '../../src/storage/s3/s3-connection.js'
import { s3Storage } from '../storage/s3-contract.js'
import { startMinio } from '../support/servers/minio.js'
import type { S3Server } from '../support/servers/s3-server.js'

const documentation = readFileSync(new URL('../../docs/storage.md', import.meta.url), 'utf8')
const [, policy = ''] = /```json\n(\{\s+"Version"[\s\S]*?)```/.exec(documentation) ?? []

let server: S3Server

/** From then on this process is somebody who may do what the documented policy says. */
async function becomeRestricted(): Promise<void> {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = server.env
  const client = new STSClient({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
  })
  const assumed = await client.send(
    new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::1:role/any', RoleSessionName: 'any', Policy: policy }),
  )
  client.destroy()
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: assumed.Credentials?.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: assumed.Credentials?.SecretAccessKey,
    AWS_SESSION_TOKEN: assumed.Credentials?.SessionToken,
  })
}

beforeAll(async () => {
  server = await startMinio()
  Object.assign(process.env, server.env)
  // With a client of its own: credentials are remembered with a client.
  const connection = new S3Connection({ endpoint: server.endpoint, region: 'eu-west-1', pathStyleAccess: true })
  for (const Bucket of ['my-bucket', 'other-bucket']) {
    await connection.call((client, options) => client.createBucket({ Bucket }, options))
  }
  await becomeRestricted()
})
afterAll(() => server.stop())

it('the documented policy allows all that checkpoints need', async () => {
  const storage = s3Storage(server, 'my-bucket', 'checkpoints')
  await probe(storage, 'n')
  const large = Buffer.alloc(20_000_000, 1)
  await storage.write('job/execution/shared/large', large)
  expect((await storage.read('job/execution/shared/large')).length).toBe(large.length)
  expect(await storage.createIfAbsent('job/execution/chk-1/_metadata', Buffer.from('x'))).toBe('created')
  expect(await storage.createIfAbsent('job/execution/chk-1/_metadata', Buffer.from('y'))).toBe('exists')
  await expect(storage.read('job/execution/chk-2/_metadata')).rejects.toMatchObject({ code: 'ObjectNotFound' })
  for (const writers of ['dead', 'all'] as const) await storage.tidy('job/execution', writers)
  async function* failing() {
    yield large
    throw new Error('the producer failed')
  }
  await expect(storage.write('job/execution/shared/failing', failing())).rejects.toThrow('the producer failed')
  await storage.deleteAll((await storage.list('')).map(({ name }) => name))
  expect(await storage.list('')).toEqual([])
})

it.each([
  ['my-bucket', 'elsewhere'],
  ['my-bucket', ''],
  ['other-bucket', 'checkpoints'],
])('and nothing in %s/%s', async (bucket, folder) => {
  const storage = s3Storage(server, bucket, folder)
  const denied = {
    code: 'StorageUnavailable',
    details: { refused: 'AccessDenied' },
    message: expect.stringMatching(
      /access is denied; allow it to these credentials by a policy as in docs\/storage.md/,
    ),
  }
  await expect(storage.write('x', Buffer.from('x'))).rejects.toMatchObject(denied)
  await expect(storage.read('x')).rejects.toMatchObject(denied)
  await expect(storage.list('')).rejects.toMatchObject(denied)
  await expect(probe(storage, 'n')).rejects.toMatchObject({ code: 'InvalidConfiguration' })
})
