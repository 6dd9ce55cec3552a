import { Command, Option } from 'commander'
import type { JobRequest } from '../../client/index.js'
import type { Json } from '../../json.js'
import type { Context } from '../context.js'
import { requestAfresh, requestFromCheckpoint } from '../earlier-request.js'
import { readObjectOption } from '../json-option.js'
import { addSpecOptions, requestFrom, restorePath, type SpecOptions } from '../spec-options.js'
import { startAndFollow } from './start-and-follow.js'

interface ResumeOptions extends SpecOptions {
  readonly fallback?: boolean
  readonly fresh?: boolean
  readonly detached?: boolean
}

const argsHelp = "replace these of the job's arguments (by name, at the top level)"
const fallbackHelp = 'where that checkpoint is damaged, go back to the newest older one that is valid'
const fromHelp = 'which checkpoint: latest (the default), chk-<n>, or its path'

export function resumeCommand(context: Context): Command {
  const command = new Command('resume')
    .description('start a job that has ended again, with what it was asked to do, from a checkpoint')
    .argument('<job>', "the job's id")
    .addOption(new Option('--fresh', 'without its state').conflicts(['from', 'fallback']))
    .option('--fallback', fallbackHelp)
    .option('--args <json|@file>', argsHelp)
    .option('-d, --detached', 'do not follow it')
  return addSpecOptions(command, fromHelp).action((id: string, options: ResumeOptions) =>
    again(context, id, id, options),
  )
}

export function forkCommand(context: Context): Command {
  const command = new Command('fork')
    .description("start another job from a job's checkpoint; the first one may go on running")
    .argument('<job>', 'id of the job to fork')
    .argument('<newjob>', 'id of the new job')
    .option('--fallback', fallbackHelp)
    .option('--args <json|@file>', `${argsHelp}: the fork needs an output of its own`)
    .option('-d, --detached', 'do not follow it')
  return addSpecOptions(command, fromHelp).action((id: string, newId: string, options: ResumeOptions) =>
    again(context, id, newId, options),
  )
}

async function again(context: Context, job: string, id: string, options: ResumeOptions): Promise<void> {
  const { from, args, ...settings } = options
  const replaced = args === undefined ? {} : readObjectOption('--args', args)
  const roots = await context.roots()
  const base = options.fresh
    ? await context.withClient((client) => requestAfresh(roots, job, client))
    : await requestFromCheckpoint(roots, job, from === undefined ? 'latest' : restorePath(from), {
        fallback: options.fallback ?? false,
        newJob: id !== job,
      })
  const request = requestFrom(settings, withReplaced(base, replaced))
  await startAndFollow(context, { id, request, detached: options.detached ?? false })
}

function withReplaced(base: JobRequest, replaced: { readonly [key: string]: Json | undefined }): JobRequest {
  const { args } = base
  if (Object.keys(replaced).length === 0) return base
  const earlier = typeof args === 'object' && args !== null && !Array.isArray(args) ? args : {}
  return { ...base, args: { ...earlier, ...replaced } }
}
