import { z } from 'zod'
import { defineCodec } from './codec.js'
import { id, number } from './schema-parts.js'

/**
 * The object `pins/<holder execution>`: another execution restores from a snapshot of this one, whose files must outlive its leaving the
 * alive list. Written unconfirmed, then the newest entry is read; only a pin that was there while the snapshot was still
 * alive is confirmed, since a deleter may have looked before.
 */
export interface Pin {
  readonly formatVersion: 1
  readonly holder: { readonly job: string; readonly execution: string }
  readonly number: number
  readonly confirmed: boolean
}

const pinV1: z.ZodType<Pin> = z.strictObject({
  formatVersion: z.literal(1),
  holder: z.strictObject({ job: id, execution: id }),
  number,
  confirmed: z.boolean(),
})

const codec = defineCodec<Pin>('pin', [pinV1])
export const encodePin = codec.encode
export const decodePin = codec.decode
