import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig'
import { messageOf, TidemarkError } from '../errors.js'

/** Which Temporal server and namespace, and how to reach them. */
export interface TemporalTarget {
  /** `host:port` */
  readonly address: string
  readonly namespace: string
  /** Address, TLS, API key and headers, for `Connection` and `NativeConnection` alike. */
  readonly connectionOptions: ClientConnectConfig['connectionOptions']
  /** Where the address comes from, for messages: `TEMPORAL_ADDRESS`, a profile, an option. */
  readonly origin: string
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * Reads Temporal's own environment configuration, which its command line and other SDKs read too: `TEMPORAL_ADDRESS`,
 * `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS*`, `TEMPORAL_PROFILE`, and the file `TEMPORAL_CONFIG_FILE`
 * (by default `temporalio/temporal.toml` in the user's configuration directory). A variable wins over the file, and an
 * empty one counts as not set. Without any: `localhost:7233`, namespace `default`, no TLS.
 *
 * @throws TidemarkError `InvalidConfiguration` for an unreadable file, or a profile that is not in it
 */
export function resolveTemporal(env: Env = process.env): TemporalTarget {
  const { connectionOptions, namespace } = load(env)
  const address = connectionOptions.address ?? 'localhost:7233'
  return {
    address,
    namespace: namespace ?? 'default',
    connectionOptions: { ...connectionOptions, address },
    origin: originOf(env, connectionOptions.address),
  }
}

/**
 * Whether the environment names a server, by `TEMPORAL_ADDRESS` or a profile. If not, the embedded one is to be started.
 *
 * @throws TidemarkError `InvalidConfiguration`, as {@link resolveTemporal}
 */
export function isTemporalConfigured(env: Env = process.env): boolean {
  return load(env).connectionOptions.address !== undefined
}

/** A server without TLS at a known address, such as an embedded one. */
export function plainTarget(address: string, namespace = 'default', origin = 'its address'): TemporalTarget {
  return { address, namespace, connectionOptions: { address }, origin }
}

function load(env: Env): ClientConnectConfig {
  try {
    return loadClientConnectConfig({ overrideEnvVars: withoutEmpty(env) })
  } catch (error) {
    throw new TidemarkError(
      'InvalidConfiguration',
      `Temporal's environment configuration cannot be read (${firstLine(messageOf(error))}): correct TEMPORAL_PROFILE, the TEMPORAL_* variables or the file that TEMPORAL_CONFIG_FILE names.`,
      { cause: error },
    )
  }
}

function withoutEmpty(env: Env): Record<string, string> {
  const set: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    // Only here an empty value means something: it takes away a header that the profile sets.
    const removesHeader = name.startsWith('TEMPORAL_GRPC_META_')
    if (value || (value === '' && removesHeader)) set[name] = value
  }
  return set
}

function originOf(env: Env, address: string | undefined): string {
  if (env.TEMPORAL_ADDRESS) return 'TEMPORAL_ADDRESS'
  if (address === undefined) return 'TEMPORAL_ADDRESS, which is not set'
  return `the address in the Temporal profile "${env.TEMPORAL_PROFILE || 'default'}"`
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}
