import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** What user code prints goes to the host's stderr, each line with its origin: stdout belongs to the host's own program. */
export function prefixLines(output: Readable, prefix: string): void {
  createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    process.stderr.write(`[${prefix}] ${line}\n`)
  })
}
