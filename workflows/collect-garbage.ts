import { ApplicationFailure, setCurrentDetails, uuid4 } from '@temporalio/workflow'
import type { CollectInput, CollectSummary, EndedOutput } from '../activities/contract.js'
import { isUnreadable } from '../src/temporal/payload-converter.js'
import { collector, definition } from './activity-proxies.js'
import { failureOf } from './failures.js'

/** What a run of the collector answers; the Web UI shows it as the workflow's result. */
export interface CollectionResult extends Omit<CollectSummary, 'unfinished'> {
  /** Output of ended executions that was committed now. */
  readonly outputFinished: readonly string[]
  /** Output that could not be, and why. It is tried again next time. */
  readonly outputUnfinished: readonly string[]
}

/**
 * The collector as a workflow: what `tidemark gc --delete` does, and what that cannot: output of ended executions is finished by workers that
 * have the definition. Started by the schedule that `tidemark gc schedule` makes, or by anybody.
 *
 * @param argument `{"tombstoneAgeMs"?: number, "leftoverAgeMs"?: number}`, or nothing
 */
export async function collectGarbage(argument?: unknown): Promise<CollectionResult> {
  const rules = readRules(argument)
  const collect = () => {
    const input: CollectInput = { at: Date.now(), nonce: uuid4().slice(0, 13), rules }
    return collector('collect garbage').collectGarbage(input)
  }
  const first = await collect()
  const outputFinished: string[] = []
  const outputUnfinished: string[] = []
  for (const output of first.unfinished) {
    const problem = await finish(output)
    if (problem === undefined) outputFinished.push(nameOf(output))
    else outputUnfinished.push(`${nameOf(output)}: ${problem}`)
  }
  // What only unfinished output kept may go now.
  const second = outputFinished.length > 0 ? await collect() : undefined
  const { unfinished: _, ...summary } = second === undefined ? first : add(first, second)
  const result = { ...summary, outputFinished, outputUnfinished }
  setCurrentDetails(renderResult(result))
  return result
}

/** Answers why it could not be done. */
async function finish(output: EndedOutput): Promise<string | undefined> {
  const name = nameOf(output)
  try {
    const work = definition(output.definition, `finish the output of ${name}`, {
      startToCloseTimeout: '15min',
      // A worker that has the definition may not be there at all.
      scheduleToStartTimeout: '15s',
      retry: { maximumAttempts: 3 },
    })
    const { finished } = await work.finishEndedOutput(output)
    if (!finished) return 'it has been settled by somebody else'
    await collector(`note that the output of ${name} is committed`).recordOutput({
      ...output,
      at: Date.now(),
      nonce: uuid4().slice(0, 13),
    })
    return undefined
  } catch (error) {
    const noWorker = `no worker has taken it that has the definition "${output.definition}"`
    return failureOf(error, () => ({ code: 'NoWorker', message: noWorker })).message
  }
}

function nameOf({ job, execution, number }: EndedOutput): string {
  return `chk-${number} of ${job}/${execution}`
}

function readRules(argument: unknown): CollectInput['rules'] {
  if (argument === undefined || argument === null) return {}
  const { tombstoneAgeMs, leftoverAgeMs, ...rest } = Object(argument) as Readonly<Record<string, unknown>>
  const isAge = (value: unknown) => value === undefined || (typeof value === 'number' && value >= 0)
  if (isUnreadable(argument) || !isAge(tombstoneAgeMs) || !isAge(leftoverAgeMs) || Object.keys(rest).length > 0) {
    throw ApplicationFailure.nonRetryable(
      'collectGarbage takes {"tombstoneAgeMs": number, "leftoverAgeMs": number}, both optional, or nothing.',
      'InvalidUsage',
    )
  }
  return {
    ...(typeof tombstoneAgeMs === 'number' && { tombstoneAgeMs }),
    ...(typeof leftoverAgeMs === 'number' && { leftoverAgeMs }),
  }
}

function add(first: CollectSummary, second: CollectSummary): CollectSummary {
  return {
    ...second,
    files: first.files + second.files,
    bytes: first.bytes + second.bytes,
    closed: first.closed + second.closed,
    pins: first.pins + second.pins,
    deeds: [...first.deeds, ...second.deeds],
    problems: [...new Set([...first.problems, ...second.problems])],
    audit: [...first.audit, ...second.audit],
  }
}

function renderResult(result: CollectionResult): string {
  const { files, bytes, closed, pins, uncertain, unknown } = result
  const lines = [
    `**${files === 0 ? 'Nothing was to be deleted' : `Deleted ${files} files, ${bytes} bytes`}.**`,
    ...(closed > 0 ? [`${closed} logs of ended jobs were closed`] : []),
    ...(pins > 0 ? [`${pins} stale pins were taken away`] : []),
    ...(uncertain > 0 ? [`${uncertain} open executions are kept, since nobody can say that they have ended`] : []),
    ...(unknown > 0 ? [`${unknown} files below the checkpoint directories are not ours`] : []),
    ...result.deeds,
    ...result.outputFinished.map((name) => `output committed: ${name}`),
    ...result.outputUnfinished.map((line) => `output not committed: ${line}`),
    ...result.problems.map((problem) => `problem: ${problem}`),
    ...result.audit.map((uri) => `recorded in ${uri}`),
  ]
  return lines.map((line, index) => (index === 0 ? line : `- ${line}`)).join('\n')
}
