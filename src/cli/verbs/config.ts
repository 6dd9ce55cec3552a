import { Command } from 'commander'
import { configurationJson, renderConfiguration } from '../../spec/render-configuration.js'
import { type Context, printJson } from '../context.js'

export function configCommand(context: Context): Command {
  return new Command('config')
    .description('the configuration that applies here, and where each value comes from')
    .option('--json', 'for programs')
    .action(async ({ json = false }: { readonly json?: boolean }) => {
      const configuration = await context.configuration()
      if (json) printJson(context.terminal, configurationJson(configuration))
      else context.terminal.print(renderConfiguration(configuration).trimEnd())
    })
}
