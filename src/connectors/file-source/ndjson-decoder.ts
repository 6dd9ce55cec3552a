import { z } from 'zod'
import { messageOf } from '../../errors.js'
import { type FileRecord, NotUtf8 } from './file-record.js'
import type { Decoded, Decoder } from './format.js'
import { JsonLines } from './json-lines.js'
import { faultOf } from './schema-fault.js'

/** Each record is a JSON value that fits the schema. */
export class NdjsonDecoder<Schema extends z.ZodType> implements Decoder<z.output<Schema>> {
  readonly needsHeader = false
  readonly #schema: Schema
  readonly #json: JsonLines

  constructor(schema: Schema) {
    this.#schema = schema
    this.#json = new JsonLines(keysRead(schema))
  }

  decode(taken: readonly FileRecord[]): Decoded<z.output<Schema>> {
    const records: z.output<Schema>[] = []
    for (const record of taken) {
      let value: unknown
      try {
        value = this.#json.parse(record)
      } catch (error) {
        return { records, fault: error instanceof NotUtf8 ? error.message : `not JSON: ${messageOf(error)}` }
      }
      const parsed = this.#schema.safeParse(value)
      if (!parsed.success) return { records, fault: faultOf(parsed.error) }
      records.push(parsed.data)
    }
    return { records }
  }
}

/** The keys of an object whose values are all that a schema reads, and keeps, of it; undefined where it may read or keep more. */
function keysRead(schema: z.ZodType): ReadonlySet<string> | undefined {
  return schema instanceof z.core.$ZodObject && schema._zod.def.catchall === undefined
    ? new Set(Object.keys(schema._zod.def.shape))
    : undefined
}
