import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import type { Benchmark } from './benchmark.js'
import type { Measured } from './measure.js'
import { ratios, type Spread, spreadOf } from './statistics.js'

/** One benchmark's section of docs/benchmarks.md. */
export function renderSection(benchmark: Benchmark, measured: readonly Measured[], command: string): string {
  const names = [...new Set(measured.flatMap(({ rounds }) => Object.keys(rounds[0] ?? {})))]
  const { figure, better } = benchmark.compares
  const { pairs } = benchmark
  const [first] = measured
  const header = ['', ...names, `${figure}: ratio to ${first?.contender ?? ''}`, ...(pairs ? [pairs.heading] : [])]
  const rows = measured.map(({ contender, rounds }) => [
    contender,
    ...names.map((name) => cellOf(rounds.flatMap((figures) => figures[name] ?? []))),
    first?.contender === contender ? '1' : cellOf(ratiosTo(first?.contender, rounds)),
    ...(pairs ? [cellOf(ratiosTo(pairs.of[contender], rounds))] : []),
  ])
  const rounds = first?.rounds.length ?? 0
  return [
    `## ${benchmark.title}`,
    '',
    benchmark.description,
    '',
    ...table([header, ...rows]),
    '',
    `Median (smallest to largest) of ${rounds} rounds after one that is not counted; ${better} is better. ${describeMachine()}`,
    `Again: \`${command}\`.`,
  ].join('\n')

  function ratiosTo(other: string | undefined, rounds: Measured['rounds']): readonly number[] {
    const others = measured.find(({ contender }) => contender === other)
    return others ? ratios(valuesOf(rounds), valuesOf(others.rounds)) : []
  }

  function valuesOf(rounds: Measured['rounds']): number[] {
    return rounds.map((figures) => figures[figure] ?? Number.NaN)
  }
}

/** Replaces the section of that benchmark, or adds it at the end; the rest of the page stays as it is. */
export function writeSection(path: string, name: string, section: string): void {
  const page = readFileSync(path, 'utf8')
  const [begin, end] = [`<!-- benchmark ${name} -->`, `<!-- end of ${name} -->`]
  const block = `${begin}\n\n${section}\n\n${end}`
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  const replaced =
    from < 0 || to < 0
      ? `${page.trimEnd()}\n\n${block}\n`
      : `${page.slice(0, from)}${block}${page.slice(to + end.length)}`
  writeFileSync(path, replaced)
}

function describeMachine(): string {
  const processors = cpus()
  const model = processors[0]?.model.trim() || 'unknown'
  const memory = Math.round(totalmem() / 2 ** 30)
  const date = new Date().toISOString().slice(0, 10)
  return `${date}, ${processors.length} processors (${model}), ${memory} GiB of memory, ${process.platform}, Node ${process.versions.node}.`
}

/** Empty where there are none. */
function cellOf(values: readonly number[]): string {
  return values.length === 0 ? '' : cell(spreadOf(values))
}

function cell({ min, median, max }: Spread): string {
  return min === max ? short(median) : `${short(median)} (${short(min)} to ${short(max)})`
}

/** Three digits that count. */
function short(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 })
}

function table(rows: readonly (readonly string[])[]): string[] {
  const [header = [], ...body] = rows
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map((_, index) => (index === 0 ? '---' : '---:'))), ...body.map(line)]
}
