import { parseArgs } from 'node:util'
import { type StorageKind, storageKinds } from './storage.js'

export interface DemoOptions {
  /** Leave the server and the worker up until Ctrl-C. */
  readonly keep: boolean
  /** Where the checkpoints are. */
  readonly storage: StorageKind
}

/** Why the demo cannot start as it was asked to, in one sentence. */
export class UsageError extends Error {}

export function readOptions(args: string[]): DemoOptions {
  const options = { keep: { type: 'boolean' }, storage: { type: 'string' } } as const
  const { tokens } = parseArgs({ args, strict: false, tokens: true, options })
  let keep = false
  let storage: StorageKind = 'file'
  for (const token of tokens) {
    const kind = storageKinds.find(
      (each) => token.kind === 'option' && token.name === 'storage' && token.value === each,
    )
    if (kind !== undefined) storage = kind
    else if (token.kind === 'option' && token.name === 'keep' && token.value === undefined) keep = true
    else throw unknown(token)
  }
  return { keep, storage }
}

type Token =
  | { readonly kind: 'option'; readonly rawName: string }
  | { readonly kind: 'positional'; readonly value: string }
  | { readonly kind: 'option-terminator' }

function unknown(token: Token): UsageError {
  const given = token.kind === 'option' ? token.rawName : token.kind === 'positional' ? token.value : '--'
  const storages = storageKinds.join('|')
  return new UsageError(
    `The demo takes no "${given}": run it as "npm run demo", with "-- --keep" or "-- --storage ${storages}" after it.`,
  )
}
