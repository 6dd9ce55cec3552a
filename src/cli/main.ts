#!/usr/bin/env node
import { createContext } from './context.js'
import { createProgram, withFlinkSpellings } from './program.js'
import { reportError } from './report-error.js'
import { openTerminal } from './terminal.js'

const terminal = openTerminal()
const context = createContext(terminal, (code) => {
  process.exitCode = code
})
const program = createProgram(context)
try {
  await program.parseAsync(withFlinkSpellings(process.argv.slice(2)), { from: 'user' })
} catch (error) {
  process.exitCode = reportError(error, terminal, program.opts<{ verbose?: boolean }>().verbose ?? false)
}
