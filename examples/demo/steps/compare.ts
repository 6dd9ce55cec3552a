import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type AirportUpdate, batch } from '../../flight-delays/batch.js'
import { check, count, figure } from '../check.js'
import { type Checkpoint, identityOf, numberOfPart, partsIn, recordsIn } from '../disk.js'
import type { Narrator } from '../narrator.js'
import type { Stage } from '../stage.js'
import type { Resumed } from './resume.js'

/** The output of the whole story against a batch computation that knows nothing of Tidemark. Answers how many updates. */
export function compareWithBatch(narrator: Narrator, stage: Stage, resumed: Resumed, restored: Checkpoint): number {
  narrator.heading('The output is compared with a batch computation over the same file')
  const { output } = resumed.job
  const expected = batch(stage.input)
  const parts = partsIn(output)
  const updates = recordsIn(output, parts)
  const difference = firstDifference(updates, expected)
  check(
    narrator,
    difference === undefined,
    `All ${count(updates.length, 'update')} in ${count(parts.length, 'file')} are identical, record by record and in order.`,
    difference ?? '',
  )

  const changed = [...resumed.before].filter(([file, was]) => identityOf(join(output, file)) !== was)
  check(
    narrator,
    resumed.before.size > 0 && changed.length === 0,
    `The ${count(resumed.before.size, 'file')} committed up to chk-${restored.number} kept inode and time through the resume.`,
    `changed since: ${changed.map(([file]) => file).join(', ') || 'nothing, but there were none'}.`,
  )

  const { offset } = restored.tasks[0].splits[0].position
  const read = readFileSync(stage.input).subarray(0, offset).toString().trimEnd().split('\n')
  const boundary = read.filter((line) => (JSON.parse(line) as { delay: number | null }).delay !== null).length
  const own = parts.filter((file) => numberOfPart(file) > restored.number)
  const rest = recordsIn(output, own) as AirportUpdate[]
  check(
    narrator,
    read.length === restored.tasks[0].recordsRead &&
      resumed.result.records === stage.flights &&
      firstDifference(rest, expected.slice(boundary)) === undefined,
    `The resumed job read exactly the rest: flights ${figure(read.length + 1)} to ${figure(stage.flights)}.`,
    `${read.length} flights before the position, ${resumed.result.records} in all, ${rest.length} updates of ${expected.length - boundary} after it.`,
  )
  checkSpanningKey(narrator, expected.slice(0, boundary), rest, restored.number)
  return updates.length
}

/** The state of a key came along: the count of the busiest airport goes on where it was. */
function checkSpanningKey(narrator: Narrator, before: AirportUpdate[], rest: AirportUpdate[], number: number): void {
  const [last] = before.toSorted((one, other) => other.flights - one.flights)
  const next = rest.find(({ origin }) => origin === last?.origin)
  check(
    narrator,
    last !== undefined && last.flights > 1 && next?.flights === last.flights + 1,
    `A keyed result spans the resume: ${last?.origin} had ${last?.flights} flights at chk-${number}; its next one made it ${next?.flights}.`,
    `${JSON.stringify(last)} and then ${JSON.stringify(next)}.`,
  )
}

function firstDifference(found: readonly unknown[], expected: readonly unknown[]): string | undefined {
  for (let index = 0; index < Math.max(found.length, expected.length); index += 1) {
    if (isDeepStrictEqual(found[index], expected[index])) continue
    return `record ${index + 1} is ${JSON.stringify(found[index])} instead of ${JSON.stringify(expected[index])}.`
  }
  return undefined
}
