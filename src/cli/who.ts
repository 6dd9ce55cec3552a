import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import type { AuditContext } from '../checkpoint-store/index.js'

/** Who types here, for the audit and for pins. */
export function whoAmI(): string {
  return `${userName()}@${hostname()}`
}

export function auditContext(): AuditContext {
  return { who: whoAmI(), at: new Date().toISOString(), nonce: randomUUID().slice(0, 13) }
}

/** A user without an entry in the system's list of users has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return process.env.USER ?? 'somebody'
  }
}
