import { z } from 'zod'
import { entryWith, stateDescription, stateFileV1, taskWith } from './entry-v1.js'
import type { InlineStateHandle } from './state-handle.js'

/** Format 2 of `_metadata`: as 1, and state may lie in it. */

const inlineState: z.ZodType<InlineStateHandle> = z
  .strictObject({ ...stateDescription, inline: z.base64() })
  .refine(({ size, inline }) => bytesIn(inline) === size, 'state has another size than it says')

export const taskV2 = taskWith(z.union([stateFileV1, inlineState]))
export const entryV2 = entryWith(2, taskV2)

function bytesIn(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return (base64.length / 4) * 3 - padding
}
