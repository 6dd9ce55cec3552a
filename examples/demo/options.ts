import { parseArgs } from 'node:util'

export interface DemoOptions {
  /** Leave the server and the worker up until Ctrl-C. */
  readonly keep: boolean
}

/** Why the demo cannot start as it was asked to, in one sentence. */
export class UsageError extends Error {}

export function readOptions(args: string[]): DemoOptions {
  const { tokens } = parseArgs({ args, strict: false, tokens: true, options: { keep: { type: 'boolean' } } })
  for (const token of tokens) {
    if (token.kind === 'option' && token.name === 'keep' && token.value === undefined) continue
    const given = token.kind === 'option' ? token.rawName : token.kind === 'positional' ? token.value : '--'
    throw new UsageError(`The demo takes no "${given}": run it as "npm run demo", or "npm run demo -- --keep".`)
  }
  return { keep: tokens.length > 0 }
}
