import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { TidemarkError } from '../errors.js'
import { readEnvironment } from './configuration-environment.js'
import { readConfigurationFile, type Setting } from './configuration-file.js'
import { configurationKeys, type HostFacts } from './configuration-keys.js'
import { type Found, settle } from './configuration-settings.js'
import { buildConfiguration, type Configuration, faultsBetween, type Settled } from './effective-configuration.js'
import { suggestion } from './nearest.js'
import { unsupportedKeys } from './unsupported-keys.js'

export type { Configuration }

const configurationFileName = 'tidemark.yaml'

export interface ConfigurationOptions {
  /** The directory of `tidemark.yaml`; default: `$TIDEMARK_CONF_DIR`, else the working directory. */
  readonly dir?: string
  /** Default: the process's. */
  readonly env?: NodeJS.ProcessEnv
  /** Default: the process's. */
  readonly cwd?: string
}

/** All names of all keys, Flink's older ones included. */
const allKeyNames: readonly string[] = [...Object.values(configurationKeys), ...unsupportedKeys].flatMap(
  ({ name, otherNames }) => [name, ...otherNames],
)

/**
 * Reads `tidemark.yaml` and the environment, which wins. No file is no error: all keys have defaults. Relative paths start
 * from the file's directory in the file, and from the working directory in the environment.
 *
 * Errors: `InvalidConfiguration`, one sentence with every fault and its place.
 */
export function loadConfiguration(options: ConfigurationOptions = {}): Configuration {
  const { env = process.env } = options
  const cwd = resolve(options.cwd ?? process.cwd())
  const file = readConfigurationFile(...locate(options.dir ?? env.TIDEMARK_CONF_DIR, cwd))
  const environment = readEnvironment(env, allKeyNames, cwd)

  const faults = [...unknownKeys(file), ...unknownVariables(environment.mistaken)]
  const layers = [environment.settings, file]
  const fault = (clause: string) => faults.push(clause)
  for (const key of unsupportedKeys) settle(key, layers, fault)
  const settled = settleAll(layers, { cwd, processors: availableParallelism() }, fault)
  // Rules between values would only repeat what is wrong with one of them.
  if (faults.length === 0) faults.push(...faultsBetween(settled))
  if (faults.length > 0) throw new TidemarkError('InvalidConfiguration', `Invalid configuration: ${faults.join('; ')}.`)
  return buildConfiguration(settled)
}

/** Path and label of the file. A directory that somebody named must be there: its absence is a mistake, no wish for defaults. */
function locate(dir: string | undefined, cwd: string): [path: string, label: string] {
  const folder = resolve(cwd, dir || '.')
  if (dir && !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    const message = `The configuration directory ${folder} is not there: create it, or change TIDEMARK_CONF_DIR.`
    throw new TidemarkError('InvalidConfiguration', message, { path: folder })
  }
  const path = join(folder, configurationFileName)
  const label = relative(cwd, path)
  return [path, label.startsWith('..') || isAbsolute(label) ? path : label]
}

function unknownKeys(file: readonly Setting[]): string[] {
  const unknown = file.filter(({ name }) => !allKeyNames.includes(name))
  return unknown.map(({ name, place }) => `${place}: ${name} is not a known key${suggestion(name, allKeyNames)}`)
}

function unknownVariables(mistaken: ReturnType<typeof readEnvironment>['mistaken']): string[] {
  return mistaken.map(({ variable, meant }) => {
    return `${variable} is not the variable of a known key${meant === undefined ? '' : ` (did you mean ${meant}?)`}`
  })
}

function settleAll(layers: readonly (readonly Setting[])[], host: HostFacts, fault: (clause: string) => void): Settled {
  const all: Record<string, Found> = {}
  for (const [property, key] of Object.entries(configurationKeys)) {
    all[property] = settle(key, layers, fault) ?? { value: key.default(host), source: 'default' }
  }
  const settled = all as Settled
  // The two directories are one unless both are set. Only the data directory set: in Flink that is an older name of the
  // other key, and metadata must not end up in the working directory unnoticed.
  const { checkpointsDir, dataDir } = settled
  if (dataDir.value === undefined) return { ...settled, dataDir: { ...dataDir, value: checkpointsDir.value } }
  if (checkpointsDir.source !== 'default') return settled
  return { ...settled, checkpointsDir: { value: dataDir.value, source: dataDir.source } }
}
