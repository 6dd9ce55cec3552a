import { Command } from 'commander'
import type { Context } from '../context.js'
import { readJsonOption } from '../json-option.js'
import { addSpecOptions, requestFrom, type SpecOptions } from '../spec-options.js'
import { startAndFollow } from './start-and-follow.js'

interface RunOptions extends SpecOptions {
  readonly id?: string
  readonly detached?: boolean
}

export function runCommand(context: Context): Command {
  const command = new Command('run')
    .description('start a job and follow it')
    .argument('<definition>', 'name of the definition, as in defineJob(name, ...)')
    .option('--id <id>', "the job's id; default: the definition's name")
    .option('--args <json|@file>', 'arguments for the definition')
    .option('-d, --detached', 'do not follow it')
  return addSpecOptions(command, 'begin from a checkpoint: its path, chk-<n>, latest; none = without state').action(
    async (definition: string, options: RunOptions) => {
      const args = options.args === undefined ? {} : { args: readJsonOption('--args', options.args) }
      const request = requestFrom(options, { definition, ...args })
      await startAndFollow(context, {
        id: options.id ?? request.definition,
        request,
        detached: options.detached ?? false,
      })
    },
  )
}
