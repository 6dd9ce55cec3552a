import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { S3 } from '@aws-sdk/client-s3'
import { afterEach, expect, test } from 'vitest'
import { signPartsByChecksum } from '../../src/storage/s3/part-signing.js'

const checksum = 'x-amz-checksum-crc32'
const signedHash = 'x-amz-content-sha256'
const unsigned = 'UNSIGNED-PAYLOAD'
const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/)

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly xml?: string
}

const running: { readonly server: Server; readonly client: S3 }[] = []
afterEach(() => {
  for (const { server, client } of running.splice(0)) {
    client.destroy()
    server.close()
  }
})

/** A client, and what each of its requests was signed with. */
async function clientOf(answer: (request: IncomingMessage) => Answer) {
  const signed: unknown[] = []
  const server = createServer((request, response) => {
    signed.push(request.headers[signedHash])
    const { status = 200, headers, xml } = answer(request)
    request.resume().on('end', () => response.writeHead(status, headers).end(xml))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = new S3({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  })
  running.push({ server, client })
  signPartsByChecksum(client)
  const sendPart = (PartNumber: number) =>
    client.uploadPart({ Bucket: 'b', Key: 'k', UploadId: 'u', PartNumber, Body: Buffer.alloc(1000, PartNumber) })
  return { client, signed, sendPart }
}

const checking = ({ headers }: IncomingMessage) => ({ headers: { [checksum]: String(headers[checksum]) } })

test('a part is hashed for its signature until the server has shown that it checks checksums', async () => {
  const { signed, sendPart } = await clientOf(checking)
  for (const number of [1, 2, 3]) await sendPart(number)
  expect(signed).toEqual([sha256, unsigned, unsigned])
})

test.each([
  ['says nothing of checksums', {}],
  ['has another one', { [checksum]: 'AAAAAA==' }],
])('and always where the server %s', async (_, headers) => {
  const { signed, sendPart } = await clientOf(() => ({ headers }))
  for (const number of [1, 2, 3]) await sendPart(number)
  expect(signed).toEqual([sha256, sha256, sha256])
})

test('and always where no checksum is sent', async () => {
  const { client, signed, sendPart } = await clientOf(checking)
  client.config.requestChecksumCalculation = async () => 'WHEN_REQUIRED'
  for (const number of [1, 2]) await sendPart(number)
  expect(signed).toEqual([sha256, sha256])
})

test('a policy that denies what is not signed is obeyed from then on', async () => {
  const denial = { status: 403, xml: '<Error><Code>AccessDenied</Code></Error>' }
  const { signed, sendPart } = await clientOf((request) =>
    request.headers[signedHash] === unsigned ? denial : checking(request),
  )
  for (const number of [1, 2, 3]) await sendPart(number)
  expect(signed).toEqual([sha256, unsigned, sha256, sha256])
})

test('what is not a part is signed with its bytes', async () => {
  const { client, signed, sendPart } = await clientOf(checking)
  await sendPart(1)
  await client.putObject({ Bucket: 'b', Key: 'k', Body: Buffer.from('metadata') })
  expect(signed[1]).toEqual(sha256)
})
