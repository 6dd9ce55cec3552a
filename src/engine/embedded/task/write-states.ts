import { isInline, type StateHandle } from '../../../checkpoint/state-handle.js'
import { inLanes } from '../../../in-lanes.js'
import type { Storage } from '../../../storage/index.js'
import type { StateCut } from '../state/state-store.js'
import { InlineRoom } from './inline-room.js'
import { type StateFileContext, type WrittenState, writeState } from './write-state.js'

/** Enough to wait for storage meanwhile, and few enough that their work between two records stays short. */
const lanes = 4

/** What one store captured. */
export interface ScopedCut {
  readonly operator: string
  readonly scope: StateHandle['scope']
  readonly cut: StateCut
}

/** Writes what every store of a task captured. Where one fails, those that were not begun hold no record up any more. */
export async function writeStates(
  data: Storage,
  cuts: readonly ScopedCut[],
  {
    inlineThreshold,
    ...context
  }: Omit<StateFileContext, 'scope' | 'inlineRoom'> & { readonly inlineThreshold: number },
): Promise<WrittenState[]> {
  const waiting = new Set(cuts)
  const inlineRoom = new InlineRoom(
    inlineThreshold,
    cuts.flatMap(({ cut }) => cut.reused.filter(isInline)),
  )
  try {
    return await inLanes(cuts, lanes, (one) => {
      waiting.delete(one)
      return writeState(data, one.operator, one.cut, { ...context, inlineRoom, scope: one.scope })
    })
  } catch (error) {
    for (const { cut } of waiting) cut.image?.release()
    throw error
  }
}
