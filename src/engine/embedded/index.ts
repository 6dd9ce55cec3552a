export { createEmbeddedHost, type EmbeddedHost, type EmbeddedHostOptions, type HostedJob } from './host.js'
export type { HostDefinition } from './inspect-definitions.js'
export type { Log, LogLevel } from './log.js'
