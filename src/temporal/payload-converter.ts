/**
 * How values become Temporal payloads: the SDK's default, with two differences.
 *
 * - **Reading never throws.** Anyone may send a signal whose bytes are no JSON. The default converter throws on it before
 *   any handler runs, which fails the workflow task again and again and so stops the job. Here it becomes an
 *   {@link Unreadable} value, for the handler to record and ignore.
 * - **Writing refuses what the server would refuse**, where the sentence can still name the size.
 *
 * This file is part of the workflow bundle: it imports nothing but `@temporalio/common`.
 */
import { defaultPayloadConverter, type Payload, type PayloadConverter, ValueError } from '@temporalio/common'

/** The largest payload that we send, in bytes. The server's own limit is 2 MB (`limit.blobSize.error`). */
export const maxPayloadBytes = 1.5 * 1024 * 1024

/** What stands in the place of a payload that nobody can read. */
export interface Unreadable {
  readonly __tidemarkUnreadable: true
  /** The encoding the sender named, if it named one. */
  readonly encoding: string | undefined
  /** Why it could not be read, in the words of the converter. */
  readonly reason: string
  /** Bytes of data in the payload. */
  readonly size: number
}

export function isUnreadable(value: unknown): value is Unreadable {
  return (
    typeof value === 'object' &&
    value !== null &&
    '__tidemarkUnreadable' in value &&
    value.__tidemarkUnreadable === true
  )
}

export const payloadConverter: PayloadConverter = {
  toPayload(value, context, hint) {
    const payload = defaultPayloadConverter.toPayload(value, context, hint)
    const size = sizeOf(payload)
    if (size > maxPayloadBytes) {
      throw new ValueError(
        `A value of ${mebibytes(size)} MiB is above the ${mebibytes(maxPayloadBytes)} MiB that fit in one Temporal payload: pass a reference to it instead.`,
      )
    }
    return payload
  },

  fromPayload<T>(payload: Payload, ...rest: unknown[]): T {
    try {
      const [context, hint] = rest as [never, never]
      return defaultPayloadConverter.fromPayload<T>(payload, context, hint)
    } catch (error) {
      return unreadable(payload, error) as T
    }
  },
}

function unreadable(payload: Payload | null | undefined, error: unknown): Unreadable {
  const encoding = payload?.metadata?.encoding
  return {
    __tidemarkUnreadable: true,
    encoding: encoding ? latin1(encoding) : undefined,
    reason: error instanceof Error ? error.message : String(error),
    size: sizeOf(payload),
  }
}

function sizeOf(payload: Payload | null | undefined): number {
  return payload?.data?.length ?? 0
}

/** Byte by byte, since the sender's encoding name may itself be broken text, and a decoder may throw. */
function latin1(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 64), (byte) => String.fromCharCode(byte)).join('')
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(2)
}
