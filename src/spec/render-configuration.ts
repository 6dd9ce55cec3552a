import { stringify } from 'yaml'
import type { Configuration, ConfigurationEntry } from './effective-configuration.js'

/**
 * The effective configuration as `tidemark config` prints it: a line a key with where its value came from, and a valid
 * `tidemark.yaml` itself, with the same meaning. A key without a value is a comment.
 */
export function renderConfiguration(configuration: Configuration): string {
  const lines = configuration.entries().map((entry) => [setting(entry), entry.source] as const)
  const width = Math.max(...lines.map(([text]) => text.length))
  return lines.map(([text, source]) => `${text.padEnd(width)}  # ${source}\n`).join('')
}

/** The same for programs: `{"tidemark.slots": {"value": 8, "source": "default"}, ...}`, keys in the same order. */
export function configurationJson(configuration: Configuration): Record<string, Omit<ConfigurationEntry, 'key'>> {
  return Object.fromEntries(configuration.entries().map(({ key, ...rest }) => [key, rest]))
}

function setting({ key, value }: ConfigurationEntry): string {
  if (value === null) return `# ${key}: not set`
  return stringify({ [key]: value }, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false })
    .trim()
    .replace(/^\{(.*)\}$/s, '$1')
}
