import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { executionFolder, executionRecordName } from '../../../src/checkpoint/paths.js'
import { listExecutions } from '../../../src/checkpoint-store/index.js'
import type { CampaignJob } from '../job.js'
import { lineOf, pageFiles, sinksOf, sourceOf, splitsOf } from '../oracle.js'

/** A job that has finished: its output is the oracle's, line by line, and of its last execution only the tombstone is left. */
export async function auditEnd(job: CampaignJob, limit: number): Promise<string[]> {
  const faults: string[] = []
  for (const sink of sinksOf[job.definition]) {
    const directory = join(job.out, sink)
    const names = (await readdir(directory)).filter((name) => name.startsWith('part-')).sort()
    const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
    const lines = texts.join('').split('\n').slice(0, -1)
    const source = sourceOf(sink)
    const count = source === 'pages' ? await pageCount(job) : limit
    const expected = new Set(
      splitsOf(job.definition, source).flatMap((split) =>
        Array.from({ length: count }, (_, i) => lineOf(sink, split, i)),
      ),
    )
    const there = new Set(lines)
    const lost = [...expected].filter((line) => !there.has(line))
    const wrong = lines.filter((line) => !expected.has(line))
    const twice = lines.length - there.size
    if (lost.length + wrong.length + twice > 0) {
      faults.push(
        `${job.id} ${sink} at the end: ${lost.length} records lost, ${twice} twice, ${wrong.length} wrong, of ${expected.size}: ${[...lost, ...wrong].slice(0, 2).join(' ')}`,
      )
    }
    for (const place of ['pending', 'in-progress']) {
      const left = await readdir(join(directory, place))
      if (left.length > 0)
        faults.push(
          `${job.id} ${sink} at the end: ${left.length} files are left in ${place}: ${left.slice(0, 3).join(' ')}`,
        )
    }
  }
  const { metadata, data } = job.range.roots
  for (const root of [metadata, data]) {
    const folder = executionFolder(job.id, job.execution)
    const left = (await root.list(folder)).map(({ name }) => name.slice(folder.length + 1))
    const garbage = left.filter((name) => name !== executionRecordName)
    if (garbage.length > 0)
      faults.push(`${job.id} at the end: ${root.uri}/${folder} holds ${garbage.slice(0, 3).join(' ')}`)
  }
  for (const { record, state } of await listExecutions(job.range.roots, job.id)) {
    if (state === 'open') faults.push(`${job.id} at the end: execution ${record.execution} is open`)
    if (record.execution === job.execution && state !== 'deleted') {
      faults.push(`${job.id} at the end: the finished execution is ${state} and not deleted`)
    }
  }
  return faults
}

async function pageCount(job: CampaignJob): Promise<number> {
  const text = await readFile(join(job.range.directory, 'in', pageFiles[0] as string), 'utf8')
  return text.split('\n').length - 1
}
