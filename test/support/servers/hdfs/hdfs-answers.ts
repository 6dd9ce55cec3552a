import type { Fault } from '../../fault-proxy.js'

/** What a name node says instead of doing what it was asked. */
export function hdfsRefusal(status: number, exception: string, message = exception): Fault {
  const body = JSON.stringify({ RemoteException: { exception, javaClassName: `org.apache.${exception}`, message } })
  return { status, body, headers: { 'content-type': 'application/json' } }
}

/** It has too much to do. */
export const retryLater = hdfsRefusal(403, 'RetriableException', 'Server too busy.')
