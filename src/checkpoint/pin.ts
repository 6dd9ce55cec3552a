import { z } from 'zod'
import { defineCodec } from './codec.js'
import { id, number, time } from './schema-parts.js'

/**
 * The object `pins/<holder execution>.<nonce>`: another execution restores from a snapshot of this one, whose files must outlive its leaving the
 * alive list. Written unconfirmed, then the newest entry is read; only a pin that was there while the snapshot was still
 * alive is confirmed, since a deleter may have looked before.
 */
export interface ExecutionPin extends PinCommon {
  readonly holder: { readonly job: string; readonly execution: string }
}

/** The object `pins/hand-<n>`: somebody wants the snapshot kept, whatever its job does. Written and confirmed in the same way. */
export interface HandPin extends PinCommon {
  readonly person: {
    readonly name: string
    readonly reason: string
    /** ISO 8601. */
    readonly at: string
    /** ISO 8601; absent = until it is taken away. */
    readonly expiresAt?: string
  }
}

interface PinCommon {
  readonly formatVersion: 1
  readonly number: number
  readonly confirmed: boolean
}

export type Pin = ExecutionPin | HandPin

const common = { formatVersion: z.literal(1), number, confirmed: z.boolean() }

const pinV1: z.ZodType<Pin> = z.union([
  z.strictObject({ ...common, holder: z.strictObject({ job: id, execution: id }) }),
  z.strictObject({
    ...common,
    person: z.strictObject({ name: z.string().min(1), reason: z.string(), at: time, expiresAt: time.exactOptional() }),
  }),
])

const codec = defineCodec<Pin>('pin', [pinV1])
export const encodePin = codec.encode
export const decodePin = codec.decode
