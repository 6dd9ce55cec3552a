import { randomUUID } from 'node:crypto'
import type { ObjectAddress } from './object-stream.js'
import type { S3Connection } from './s3-connection.js'

/**
 * A mark, in an object's own metadata, of the write that made it: the answer to a write may be lost although it succeeded, and its repetition
 * then finds an object that it must recognise as its own.
 */
const key = 'tidemark-write'

export function newMark(): Record<string, string> {
  return { [key]: randomUUID() }
}

/** False also where the object has gone again. */
export async function hasMark(
  connection: S3Connection,
  { Bucket, Key }: ObjectAddress,
  mark: Record<string, string>,
): Promise<boolean> {
  const answer = await connection
    .call((client, options) => client.headObject({ Bucket, Key }, options))
    .catch((error: unknown) => {
      if (Object(error).$metadata?.httpStatusCode === 404) return undefined
      throw error
    })
  return answer?.Metadata?.[key] === mark[key]
}
