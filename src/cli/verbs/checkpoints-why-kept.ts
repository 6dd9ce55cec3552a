import { Command } from 'commander'
import type { WorkflowFact } from '../../checkpoint/collection.js'
import { type Context, printJson } from '../context.js'
import { withWorkflowLookup } from '../gc-lookup.js'
import { renderWhyKept } from '../render/why-kept.js'

export function checkpointsWhyKeptCommand(context: Context): Command {
  return new Command('why-kept')
    .description('what keeps a checkpoint or its files, and when it can go')
    .argument('<path>', "a checkpoint's path")
    .option('--json', 'for programs')
    .action(async (path: string, { json = false }: { readonly json?: boolean }) => {
      const { explainKept, locateSnapshot } = await import('../../checkpoint-store/index.js')
      const { roots, reference } = locateSnapshot(await context.roots(), path)
      const facts = await explainKept(roots, reference)
      let workflow: WorkflowFact | undefined
      // An execution that has ended is explained by storage alone.
      if (facts.state === 'open') {
        workflow = await withWorkflowLookup(context, (lookup) => lookup(reference.job, reference.execution))
      }
      if (json) printJson(context.terminal, { ...facts, ...(workflow && { workflow }) })
      else context.terminal.print(...renderWhyKept(facts, workflow))
    })
}
