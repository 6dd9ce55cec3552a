import type { z } from 'zod'
import { idPattern } from '../checkpoint/paths.js'
import { messageOf, TidemarkError } from '../errors.js'
import { buildGraph } from './build-graph.js'
import type { JobGraph } from './graph.js'
import type { Pipeline } from './plan.js'

/** Registered for the whole process: a job file may have been loaded with another copy of this package. */
const jobBrand: unique symbol = Symbol.for('tidemark.job')

/** A job by name: what `defineJob` gives and a job file exports. */
export interface JobDefinition<Args = unknown> {
  readonly [jobBrand]: 1
  readonly name: string
  /** The developer's own version of the definition, recorded in each snapshot. */
  readonly version: string
  /**
   * The job's arguments, checked and with their defaults.
   * @throws `InvalidJobSpec` with every fault and its path below `args`; `details` has them one by one.
   */
  parseArgs(json: unknown): Args
  /**
   * The pipeline for these arguments, checked. Nothing is opened or read by it.
   * @throws `DefinitionError` naming the operator at fault.
   */
  build(args: Args): JobGraph
}

export interface JobOptions<Schema extends z.ZodType> {
  /** Recorded in each snapshot; '1' where absent. */
  readonly version?: string
  /** What a launcher passes as `args`: JSON on its way in. */
  readonly args: Schema
  /** Describes the job; called in each task, so it must give the same for the same arguments. */
  readonly pipeline: (context: { readonly args: z.output<Schema> }) => Pipeline | readonly Pipeline[]
}

/**
 * Defines a job. Export it from a file, and give that file to `tidemark dev` or `tidemark worker`.
 * @throws `DefinitionError` for a name or version that cannot be used.
 */
export function defineJob<Schema extends z.ZodType>(
  name: string,
  options: JobOptions<Schema>,
): JobDefinition<z.output<Schema>> {
  const version = options.version ?? '1'
  if (typeof name !== 'string' || !idPattern.test(name)) {
    throw new TidemarkError(
      'DefinitionError',
      `A job needs a name of 1 to 128 letters, digits, '.', '_' or '-' that begins with a letter or digit, not ${JSON.stringify(name)}.`,
    )
  }
  if (typeof version !== 'string' || version.length === 0 || version.length > 128) {
    throw new TidemarkError('DefinitionError', `The version of '${name}' must be a text of 1 to 128 characters.`)
  }
  return {
    [jobBrand]: 1,
    name,
    version,
    parseArgs: (json) => parseArgs(name, options.args, json),
    build: (args) => buildGraph(name, callPipeline(name, options, args)),
  }
}

export function isJobDefinition(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && (value as { [jobBrand]?: unknown })[jobBrand] === 1
}

/** One thing wrong with the arguments. */
interface ArgumentFault {
  /** `args.input`, `args.limits[2]`. */
  readonly path: string
  readonly message: string
}

function parseArgs<Schema extends z.ZodType>(name: string, schema: Schema, json: unknown): z.output<Schema> {
  const result = schema.safeParse(json ?? {})
  if (result.success) return result.data
  const faults: ArgumentFault[] = result.error.issues.map((issue) => ({
    path: issue.path.reduce<string>(
      (path, key) => path + (typeof key === 'number' ? `[${key}]` : `.${String(key)}`),
      'args',
    ),
    message: issue.message,
  }))
  const list = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ')
  const path = faults[0]?.path
  throw new TidemarkError('InvalidJobSpec', `The arguments of '${name}' do not fit: ${list}.`, {
    ...(path === undefined ? {} : { path }),
    details: faults,
  })
}

function callPipeline<Schema extends z.ZodType>(
  name: string,
  options: JobOptions<Schema>,
  args: z.output<Schema>,
): unknown {
  try {
    return options.pipeline({ args })
  } catch (cause) {
    if (cause instanceof TidemarkError) throw cause
    throw new TidemarkError('DefinitionError', `The pipeline of '${name}' threw: ${messageOf(cause)}`, { cause })
  }
}
