import type { S3, UploadPartOutput } from '@aws-sdk/client-s3'
import { isDenied } from './s3-errors.js'

interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Parts are signed by their CRC32, which the server checks, instead of a SHA-256 that both sides would have to make of every byte: what a part
 * belongs to has one already, in the checkpoint that names it. The first parts of a client have both, until an answer has shown that the server
 * does check CRC32; a bucket whose policy denies content that is not signed gets both always.
 */
export function signPartsByChecksum(client: S3): void {
  let checks = false
  let demanded = false
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const request = args.request as SignedRequest
        const checksum = request.headers['x-amz-checksum-crc32']
        if (commandName !== 'UploadPartCommand' || checksum === undefined || demanded) return next(args)
        if (!checks) {
          const result = await next(args)
          checks = (result.output as UploadPartOutput).ChecksumCRC32 === checksum
          return result
        }
        const headers = { ...request.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
        try {
          return await next({ ...args, request: { ...request, headers } })
        } catch (error) {
          if (!isDenied(error)) throw error
          const result = await next(args)
          demanded = true
          return result
        }
      },
    { name: 'signPartsByChecksum', step: 'build', priority: 'low' },
  )
}
