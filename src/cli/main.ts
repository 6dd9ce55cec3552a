#!/usr/bin/env node
import { createContext } from './context.js'
import { exitCodes } from './exit-codes.js'
import { createProgram, withFlinkSpellings } from './program.js'
import { reportError } from './report-error.js'
import { openTerminal } from './terminal.js'

const terminal = openTerminal()
let exitCode: number = exitCodes.ok
const context = createContext(terminal, (code) => {
  exitCode = code
})
const program = createProgram(context)
try {
  await program.parseAsync(withFlinkSpellings(process.argv.slice(2)), { from: 'user' })
} catch (error) {
  exitCode = reportError(error, terminal, program.opts<{ verbose?: boolean }>().verbose ?? false)
}
// A question to Temporal that nobody waits for any more would keep the process for seconds; what was printed goes out first.
process.stdout.write('', () => process.exit(exitCode))
