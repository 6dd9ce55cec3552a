import type { Setting } from './configuration-file.js'
import { misspelt, nearest } from './nearest.js'

const prefix = 'TIDEMARK_'

/** Variables with our prefix that are no keys. */
const otherVariables = ['TIDEMARK_CONF_DIR', 'TIDEMARK_TEMPORAL_CLI']

/**
 * The variable of a key: `TIDEMARK_` and the key in capitals, dots and dashes as underscores. Our own keys begin with
 * `tidemark.` already, which is not said twice: `tidemark.task-queue` is `TIDEMARK_TASK_QUEUE`.
 */
export function variableOf(key: string): string {
  return (
    prefix +
    key
      .replace(/^tidemark\./, '')
      .replace(/[.-]/g, '_')
      .toUpperCase()
  )
}

export interface EnvironmentSettings {
  readonly settings: readonly Setting[]
  /** Variables that look like a key's but are none, each with the variable that was probably meant. */
  readonly mistaken: readonly { readonly variable: string; readonly meant: string | undefined }[]
}

/** Nobody else has variables of these sections; the last one is our own prefix said twice. */
const ourSections =
  /^TIDEMARK_(?:DFS|ENV_HADOOP|EXECUTION|FS|RESTART_STRATEGY|STATE_BACKEND|STATE_CHECKPOINTS|S3|WEB_CHECKPOINTS|TIDEMARK)_/

/**
 * The settings in the environment. An empty variable counts as not set, since `${X:-}` in a compose file makes such.
 * Not every unknown variable is an error, because others use the prefix too: for a service named "tidemark", Kubernetes
 * sets `TIDEMARK_SERVICE_HOST` in every container. Only a misspelt key is, or one of our sections.
 */
export function readEnvironment(env: NodeJS.ProcessEnv, keys: readonly string[], cwd: string): EnvironmentSettings {
  const known = new Map(keys.map((key) => [variableOf(key), key]))
  const settings: Setting[] = []
  const mistaken: { variable: string; meant: string | undefined }[] = []
  for (const variable of Object.keys(env).sort()) {
    const value = env[variable]
    if (!variable.startsWith(prefix) || !value || otherVariables.includes(variable)) continue
    const name = known.get(variable)
    if (name !== undefined) {
      settings.push({ name, value, origin: 'environment', place: variable, base: cwd })
      continue
    }
    // Without the prefix, which would make all of them look alike.
    const names = [...known.keys()].map((each) => each.slice(prefix.length))
    const guess = ourSections.test(variable) ? nearest : misspelt
    const meant = guess(variable.slice(prefix.length), names)
    if (meant !== undefined || ourSections.test(variable)) mistaken.push({ variable, meant: meant && prefix + meant })
  }
  return { settings, mistaken }
}
