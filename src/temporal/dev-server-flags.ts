import type { SearchAttributeTypeName } from './search-attributes.js'

/**
 * What makes the server's timers and hops short. By default a timer below 1 s is stretched to about 1 s, and each hop takes
 * 50 ms (20 polls a second); with these a timer is good to 10 ms and a hop takes about 17 ms. And what
 * makes it let go of a process that is frozen: after 7 s without an answer its connections are closed and its open polls with
 * them; by default that takes 70 s, in which these polls swallow work. `docker/dynamicconfig` holds the same ones.
 */
export const dynamicConfig: Readonly<Record<string, string | number>> = {
  'history.timerProcessorMaxTimeShift': '10ms',
  'history.timerProcessorMaxPollRPS': 2000,
  'history.transferProcessorMaxPollRPS': 2000,
  'frontend.keepAliveTime': '2s',
  'frontend.keepAliveTimeout': '5s',
}

export interface DevServerFlags {
  readonly ip: string
  readonly port: number
  /** None: no Web UI. */
  readonly uiPort: number | undefined
  /** None: no metrics. */
  readonly metricsPort: number | undefined
  readonly db: string | undefined
  readonly namespace: string
  readonly searchAttributes: Readonly<Record<string, SearchAttributeTypeName>>
}

/** The arguments of `temporal` that start its development server. */
export function devServerArgs(flags: DevServerFlags): string[] {
  const { ip, port, uiPort, metricsPort, db, namespace, searchAttributes } = flags
  return [
    ...['server', 'start-dev', '--log-level', 'warn', '--ip', ip, '--port', String(port), '--namespace', namespace],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']),
    ...(metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)]),
    ...(db === undefined ? [] : ['--db-filename', db, ...sqlitePragmas]),
    ...Object.entries(dynamicConfig).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ]
}

/**
 * A write-ahead log survives a kill at any point. `synchronous=full` makes each commit survive a power loss too, for about
 * 2 ms a write here; with `normal` the history could wake up older than the checkpoints on disk, which are synced, and a job
 * would meet entries in its log that it does not know it wrote, and be fenced by them.
 */
const sqlitePragmas = ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=full']
