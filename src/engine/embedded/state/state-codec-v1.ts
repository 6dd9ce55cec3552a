import type { ChunkReader } from './chunk-reader.js'
import type { StateFileHeader } from './state-codec.js'
import type { EncodedSection } from './state-section.js'

/**
 * The format `structured-clone.v1`, which is read and no longer written: magic `TMST`, the length of the header (4 bytes), the
 * header as JSON, and the sections back to back, their lengths in the header.
 */
export const codecNameV1 = 'structured-clone.v1'
export const magicV1 = Buffer.from('TMST')

interface HeaderV1 extends StateFileHeader {
  /** `[key group, length in bytes]`. */
  readonly sections: readonly (readonly [group: number, length: number])[]
}

export async function* sectionsV1(header: StateFileHeader, reader: ChunkReader): AsyncGenerator<EncodedSection> {
  for (const [group, length] of (header as HeaderV1).sections) yield { group, bytes: await reader.take(length) }
}
