import { type ErrorCode, errorClasses, TidemarkError } from '../errors.js'

/** An error as it crosses the border of a thread, where classes are lost. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly code?: ErrorCode
  readonly path?: string
  readonly details?: unknown
  /** Of the place that threw, causes included, for verbose logs. */
  readonly stack: string
}

/** Recognises our errors by their code and not by their class: a job file may use another copy of this package. */
export function isOurs(error: unknown): error is Error & { readonly code: ErrorCode } {
  if (!(error instanceof Error)) return false
  const { code } = error as Partial<TidemarkError>
  return typeof code === 'string' && Object.hasOwn(errorClasses, code)
}

export function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) {
    const message = typeof error === 'string' ? error : `Something other than an Error was thrown: ${describe(error)}`
    return { name: 'Error', message, stack: message }
  }
  const { path, details } = error as Partial<TidemarkError>
  return {
    name: error.name,
    message: error.message,
    stack: stackOf(error),
    ...(isOurs(error) && { code: error.code }),
    ...(typeof path === 'string' && { path }),
    ...(isJson(details) && { details }),
  }
}

export function fromWire(wire: WireError): Error {
  const error =
    wire.code === undefined
      ? new Error(wire.message)
      : new TidemarkError(wire.code, wire.message, {
          ...(wire.path !== undefined && { path: wire.path }),
          ...(wire.details !== undefined && { details: wire.details }),
        })
  error.name = wire.name
  error.stack = wire.stack
  return error
}

function stackOf(error: Error): string {
  const own = error.stack ?? `${error.name}: ${error.message}`
  return error.cause instanceof Error ? `${own}\nCaused by: ${stackOf(error.cause)}` : own
}

function isJson(value: unknown): boolean {
  try {
    return value !== undefined && JSON.stringify(value) !== undefined
  } catch {
    return false
  }
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
