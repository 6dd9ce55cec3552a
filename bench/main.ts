import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Benchmark } from './benchmark.js'
import { benchmarks } from './benchmarks.js'
import { measure } from './measure.js'
import { renderSection, writeSection } from './report.js'

/** `npm run bench [-- NAME...] [--rounds N]`: runs benchmarks and writes each one's section of docs/benchmarks.md. */
const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, print: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const rounds = Number(values.rounds)
const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name))
if (unknown.length > 0 || !Number.isSafeInteger(rounds) || rounds < 1) {
  const names = benchmarks.map(({ name }) => name).join(', ')
  process.stderr.write(`usage: npm run bench [-- NAME...] [--rounds N] [--print], with NAME one of ${names}\n`)
  process.exit(2)
}
const repository = fileURLToPath(new URL('../', import.meta.url))
const log = (line: string) => process.stdout.write(`${line}\n`)
for (const benchmark of benchmarks) {
  if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue
  const section = await runOne(benchmark)
  if (values.print) log(section)
  else writeSection(join(repository, 'docs/benchmarks.md'), benchmark.name, section)
}

async function runOne(benchmark: Benchmark): Promise<string> {
  log(`${benchmark.name}: ${benchmark.title}`)
  mkdirSync(join(repository, '.bench'), { recursive: true })
  const directory = mkdtempSync(join(repository, '.bench', `${benchmark.name}-`))
  const closes: (() => Promise<unknown>)[] = []
  try {
    const contenders = await benchmark.prepare({ directory, log, onClose: (close) => closes.unshift(close) })
    const measured = await measure(contenders, rounds, log)
    return renderSection(benchmark, measured, `npm run bench -- ${benchmark.name} --rounds ${rounds}`)
  } finally {
    for (const close of closes) await close()
    rmSync(directory, { recursive: true, force: true })
  }
}
