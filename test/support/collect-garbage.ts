import v8 from 'node:v8'
import { runInNewContext } from 'node:vm'

v8.setFlagsFromString('--expose-gc')

/** Frees, at once, what nothing in this process refers to any more. */
export const collectGarbage = runInNewContext('gc') as () => void
