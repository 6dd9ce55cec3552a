import { taskV2 } from './entry-v2.js'
import { partWith } from './part-v1.js'

/** Format 2 of a host's part manifest: as 1, and state may lie in it. */
export const partV2 = partWith(2, taskV2)
