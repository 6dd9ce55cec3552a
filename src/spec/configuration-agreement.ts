import { configurationKeys } from './configuration-keys.js'
import type { ConfigurationEntry } from './effective-configuration.js'

/** The text of {@link Configuration.canonical}: a line `key: JSON` for each key that hosts must agree on, sorted. */
export function canonicalText(entries: readonly ConfigurationEntry[]): string {
  const common = Object.values(configurationKeys).flatMap(({ name, scope }) => (scope === 'job' ? [name] : []))
  const lines = entries
    .filter(({ key }) => common.includes(key))
    .map(({ key, value }) => `${key}: ${JSON.stringify(value)}\n`)
  return lines.sort().join('')
}

/** The lines of two canonical texts that differ, as clauses: `state.checkpoints.dir is "file:///a" here and "file:///b" there`. */
export function disagreements(here: string, there: string): readonly string[] {
  const [ours, theirs] = [linesByKey(here), linesByKey(there)]
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .filter((key) => ours.get(key) !== theirs.get(key))
    .map((key) => `${key} is ${ours.get(key) ?? 'not set'} here and ${theirs.get(key) ?? 'not set'} there`)
}

function linesByKey(canonical: string): Map<string, string> {
  const lines = canonical.split('\n').filter((line) => line !== '')
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]))
}
