import { createInterface } from 'node:readline/promises'
import type { Terminal } from './terminal.js'
import { UsageError } from './usage-error.js'

/**
 * Asks before what cannot be undone.
 * @throws UsageError where nobody is there to answer
 */
export async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  if (!terminal.interactive || !process.stdin.isTTY) {
    throw new UsageError(`${question.replace(/\?$/, '')}: nobody can be asked here, so say --yes if you mean it.`)
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
  } finally {
    lines.close()
  }
}
