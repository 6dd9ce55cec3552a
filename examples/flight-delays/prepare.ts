import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

/**
 * Writes the 20,000 real flights of the npm package `vega-datasets` as NDJSON; returns how many there are.
 *
 *     npx tsx examples/flight-delays/prepare.ts data/flights.ndjson
 */
export function prepare(target: string): number {
  // The package exports its code only; its data lies beside it.
  const code = require.resolve('vega-datasets')
  const flights = JSON.parse(readFileSync(join(dirname(code), '../data/flights-20k.json'), 'utf8')) as unknown[]
  mkdirSync(dirname(target), { recursive: true })
  // By a rename, so that a job never sees half of the file.
  writeFileSync(`${target}.tmp`, flights.map((flight) => `${JSON.stringify(flight)}\n`).join(''))
  renameSync(`${target}.tmp`, target)
  return flights.length
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const target = argv[2] ?? 'data/flights.ndjson'
  console.log(`${prepare(target)} flights in ${target}`)
}
