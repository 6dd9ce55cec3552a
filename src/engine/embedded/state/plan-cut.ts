import { isInline } from '../../../checkpoint/state-handle.js'
import type { ChangedKeys } from './changed-keys.js'
import type { CutBase } from './cut-history.js'
import { nextFile } from './next-file.js'
import type { StateCut, StateImage } from './state-store.js'

/**
 * What a cut has to write over its base.
 * @param keys how many there are now; undefined where nobody has counted them
 * @param capture captures the state, or only these keys of it
 */
export function planCut(
  { handles, changed, complete }: CutBase,
  keys: number | undefined,
  capture: (mode: 'full' | 'delta', changed?: readonly ChangedKeys[]) => StateImage,
): StateCut {
  if (keys === 0) return { mode: 'full', image: undefined, reused: [], complete }
  const changes = changed.reduce((sum, keys) => sum + keys.size, 0)
  switch (nextFile({ base: handles, inline: handles.some(isInline), changed: changes, keys })) {
    case 'none':
      return { mode: 'delta', image: undefined, reused: handles, complete }
    case 'delta':
      return { mode: 'delta', image: capture('delta', changed), reused: handles, complete }
    case 'full':
      return { mode: 'full', image: capture('full'), reused: [], complete }
  }
}
