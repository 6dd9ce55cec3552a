export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Where a host says what it does; `fields` are for machines. */
export type Log = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void
