import { type Context, createContext, type Surroundings } from '../../src/cli/context.js'
import { createStyle } from '../../src/cli/style.js'
import type { Terminal } from '../../src/cli/terminal.js'

/** A context whose terminal keeps what was written. */
export function fakeContext(surroundings: Surroundings = {}): {
  context: Context
  out: string[]
  err: string[]
  exitCode: () => number
} {
  const out: string[] = []
  const err: string[] = []
  let code = 0
  const terminal: Terminal = {
    interactive: false,
    style: createStyle(false),
    columns: () => 80,
    print: (...lines) => void out.push(...lines),
    warn: (...lines) => void err.push(...lines),
    showStatus() {},
    clearStatus() {},
  }
  const context = createContext(
    terminal,
    (given) => {
      code = given
    },
    surroundings,
  )
  return { context, out, err, exitCode: () => code }
}
