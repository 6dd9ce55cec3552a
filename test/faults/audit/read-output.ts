import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parsePart } from '../../../src/connectors/files/part-name.js'
import { lineOf, type Sink } from '../oracle.js'
import type { CommittedPart, Span } from './output-rules.js'

/** Reads committed files; one that was read before is not read again, since it never changes. */
export class OutputReader {
  readonly #known = new Map<string, CommittedPart>()

  async read(directory: string, sink: Sink): Promise<CommittedPart[]> {
    const names = await readdir(directory).catch(() => [])
    const parts: CommittedPart[] = []
    for (const name of names.sort()) {
      const part = parsePart(name)
      if (part === undefined) continue
      const path = join(directory, name)
      const known = this.#known.get(path) ?? (await this.#readPart(path, name, sink))
      if (known !== undefined) parts.push({ ...known, execution: part.execution, number: part.number })
    }
    return parts
  }

  async #readPart(path: string, name: string, sink: Sink): Promise<CommittedPart | undefined> {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    // Swept while we looked: the next audit sees what that means.
    if (text === undefined) return undefined
    const { number, execution } = parsePart(name) ?? { number: 0, execution: '' }
    const part = { name, number, execution, ...judgeLines(text, sink) }
    this.#known.set(path, part)
    return part
  }
}

/** Each line against the oracle's; consecutive records of a split are one span. */
export function judgeLines(text: string, sink: Sink): { spans: Span[]; wrong: string[] } {
  const spans: Span[] = []
  const wrong: string[] = []
  if (text !== '' && !text.endsWith('\n')) wrong.push('a last line that is cut off')
  for (const line of text.split('\n').slice(0, -1)) {
    const record = parse(line)
    if (record === undefined || line !== lineOf(sink, record.s, record.i)) {
      const expected = record === undefined ? 'a record' : lineOf(sink, record.s, record.i)
      if (wrong.length < 3) wrong.push(`${line.slice(0, 200)} where ${expected} belongs`)
      if (record === undefined) continue
    }
    const last = spans.findLast((span) => span.split === record.s)
    if (last?.to === record.i) spans[spans.indexOf(last)] = { ...last, to: record.i + 1 }
    else spans.push({ split: record.s, from: record.i, to: record.i + 1 })
  }
  return { spans, wrong }
}

function parse(line: string): { s: string; i: number } | undefined {
  try {
    const record = JSON.parse(line)
    return typeof record.s === 'string' && Number.isSafeInteger(record.i) ? record : undefined
  } catch {
    return undefined
  }
}
