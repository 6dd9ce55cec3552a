import { visible } from '../checkpoint/log-rules.js'
import type { Pin } from '../checkpoint/pin.js'
import { type HolderFacts, judgePin } from '../checkpoint/pin-judgement.js'
import { joinUri } from '../storage/index.js'
import type { CollectedPin } from './collect-report.js'
import type { CollectRun } from './collect-run.js'
import type { KnownExecution } from './known-executions.js'
import { readPin, readPins } from './pins.js'

/** Judges every pin, and removes the stale ones; in a dry run they are only reported. */
export async function collectPins(run: CollectRun): Promise<CollectedPin[]> {
  const found: CollectedPin[] = []
  for (const target of run.known) {
    if (!target.files.some(({ name }) => name.includes('/pins/'))) continue
    const { pins, unreadable } = await readPins(target.place.metadata)
    for (const name of unreadable) {
      run.problems.push(`${joinUri(target.place.metadata.uri, name)} cannot be read and may hold any checkpoint.`)
    }
    for (const { name, pin } of pins) {
      const { stale, why } = judgePin(pin, await holderOf(run, pin), run.now)
      const { job, execution, place } = target
      const uri = joinUri(place.metadata.uri, name)
      const holder = 'person' in pin ? pin.person.name : `${pin.holder.job}/${pin.holder.execution}`
      if (stale) run.stalePins.set(place.metadata.uri, (run.stalePins.get(place.metadata.uri) ?? new Set()).add(name))
      if (stale && !run.dry) await remove(run, target, name, why)
      found.push({ uri, job, execution, number: pin.number, holder, stale, why })
    }
  }
  return found
}

/** What is stale stays so, but for a pin by hand that has been renewed since. */
async function remove(run: CollectRun, { job, execution, place }: KnownExecution, name: string, why: string) {
  const pin = await readPin(place.metadata, name)
  if (pin === undefined || ('person' in pin && !judgePin(pin, { record: 'ended' }, run.now).stale)) return
  const done = await run.trail.begin({
    action: 'unpin',
    why,
    job,
    execution,
    uri: place.metadata.uri,
    files: [name],
    bytes: 0,
  })
  await place.metadata.delete(name)
  done()
}

async function holderOf(run: CollectRun, pin: Pin): Promise<HolderFacts> {
  if ('person' in pin) return { record: 'ended' }
  const { job, execution } = pin.holder
  const holder = run.known.find((one) => one.job === job && one.execution === execution)
  if (holder === undefined) return { record: 'absent', workflow: await run.workflow(job, execution) }
  const { record, newest } = holder
  if (record === undefined) return { record: 'unreadable' }
  if (record.state === 'deleted' || newest?.kind === 'closed') return { record: 'ended' }
  return { record: 'open', hasOwnCheckpoint: visible(record, newest).length > 0 }
}
