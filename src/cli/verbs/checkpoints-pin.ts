import { Command } from 'commander'
import { parseDuration } from '../../spec/duration.js'
import type { Context } from '../context.js'
import { whoAmI } from '../who.js'

interface PinOptions {
  readonly reason?: string
  readonly for?: string
}

export function checkpointsPinCommand(context: Context): Command {
  return new Command('pin')
    .description('keep a checkpoint, whatever its job does, and let it be restored by its path')
    .argument('<path>', "a checkpoint's path")
    .option('--reason <text>', 'why, for whoever asks later')
    .option('--for <duration>', 'let the pin expire: 30d; default: until it is taken away')
    .action(async (path: string, options: PinOptions) => {
      const { locateSnapshot, pinByHand } = await import('../../checkpoint-store/index.js')
      const { roots, reference } = locateSnapshot(await context.roots(), path)
      const now = Date.now()
      const until = options.for === undefined ? undefined : new Date(now + parseDuration(options.for)).toISOString()
      const reason = options.reason ?? 'no reason was given'
      const at = new Date(now).toISOString()
      const person = { name: whoAmI(), reason, at, ...(until !== undefined && { expiresAt: until }) }
      await pinByHand(roots, reference, person)
      const end = until === undefined ? 'until "tidemark checkpoints unpin" takes the pin away' : `until ${until}`
      context.terminal.print(`Pinned ${reference.uri}: it stays ${end}.`)
    })
}

export function checkpointsUnpinCommand(context: Context): Command {
  return new Command('unpin')
    .description("take a person's pin away; what else keeps the checkpoint keeps it")
    .argument('<path>', "a checkpoint's path")
    .action(async (path: string) => {
      const { locateSnapshot, unpinByHand } = await import('../../checkpoint-store/index.js')
      const { roots, reference } = locateSnapshot(await context.roots(), path)
      const pin = await unpinByHand(roots, reference)
      const whose = pin && `: it was pinned by ${pin.person.name} (${pin.person.reason})`
      context.terminal.print(whose ? `Unpinned ${reference.uri}${whose}.` : `${reference.uri} was not pinned by hand.`)
    })
}
