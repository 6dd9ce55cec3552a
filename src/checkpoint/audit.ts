/** One line of `_audit/<time>-<nonce>.ndjson`: what somebody did to a checkpoint directory. Plain JSON, for programs and `grep`. */
export interface AuditLine {
  /** ISO 8601, by the clock of whoever did it. */
  readonly at: string
  /** `user@host`, or the workflow and the worker. */
  readonly who: string
  readonly action: 'close' | 'shrink' | 'discard' | 'delete' | 'forget' | 'unpin' | 'pin' | 'remove-leftover'
  readonly why: string
  readonly job?: string
  readonly execution?: string
  /** The folder or object that it is about. */
  readonly uri: string
  /** Files that go, below `uri`. */
  readonly files: readonly string[]
  readonly bytes: number
  /** Written as `begun` before the deed, so that none is without a line. One that stays so was cut short, or cut off by a crash. */
  readonly state: 'begun' | 'done'
}

export function encodeAudit(lines: readonly AuditLine[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}
