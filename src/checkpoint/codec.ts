import type { z } from 'zod'
import { TidemarkError } from '../errors.js'
import { canonicalJson } from './canonical-json.js'
import { damaged, seal, unseal } from './sealed-json.js'

export interface Codec<T> {
  /** @throws InvariantBroken for a value that could not be read back */
  encode(value: T): Uint8Array
  /**
   * @param path names the bytes in errors
   * @throws CheckpointDamaged, UnsupportedFormat
   */
  decode(bytes: Uint8Array, path?: string): T
}

/** One schema for each format version ever written, from version 1. A value is written in the one that it names. */
export function defineCodec<T extends { readonly formatVersion: number }>(
  what: string,
  versions: readonly z.ZodType<T>[],
): Codec<T> {
  const read = (value: unknown, schema: z.ZodType<T>): T | string => {
    const result = schema.safeParse(value)
    return result.success ? result.data : describe(result.error)
  }
  return {
    encode(value) {
      // What a reader will get: checked before it is written, so that nothing unreadable ever is.
      const json = canonicalJson(value)
      const own = versions[value.formatVersion - 1]
      const checked = own === undefined ? 'there is no such format' : read(JSON.parse(json), own)
      if (typeof checked === 'string') {
        throw new TidemarkError('InvariantBroken', `A ${what} that nobody could read back was not written: ${checked}.`)
      }
      return seal(json)
    },
    decode(bytes, path = what) {
      const value = unseal(bytes, path)
      const version = value.formatVersion
      if (typeof version === 'number' && Number.isInteger(version) && version > versions.length) {
        throw new TidemarkError(
          'UnsupportedFormat',
          `${path} is in format ${version} and this version of Tidemark reads up to ${versions.length}: upgrade Tidemark.`,
          { path },
        )
      }
      const schema = typeof version === 'number' ? versions[version - 1] : undefined
      if (schema === undefined) throw damaged(path, `its formatVersion is ${JSON.stringify(version)}`)
      const result = read(value, schema)
      if (typeof result === 'string') throw damaged(path, `it is not a ${what} (${result})`)
      return result
    },
  }
}

function describe(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`))
    .join('; ')
}
