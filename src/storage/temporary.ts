import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { isErrno } from './file/file-system.js'
import { temporaryPrefix } from './names.js'

/** A temporary of a writer that cannot be asked (another machine, or an id in use again) is dead at this age. */
const deadAfterMs = 24 * 60 * 60 * 1000

/** A process id means one process only in one start of one machine, and there in one container: all of them may have the same host name. */
const host = createHash('sha256')
  .update(hostname())
  .update(unlessElsewhere(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')))
  .update(unlessElsewhere(() => readlinkSync('/proc/self/ns/pid')))
  .digest('hex')
  .slice(0, 8)
const pattern = /^\.tmp-([0-9a-f]{8})-([0-9]+)-/

/** A new name for an unfinished file. It tells who writes it, so that the file of a killed process is known to be garbage. */
export function temporaryName(): string {
  return `${temporaryPrefix}${host}-${process.pid}-${randomUUID()}`
}

export function isTemporary(name: string): boolean {
  return name.startsWith(temporaryPrefix)
}

/**
 * Whether it is ours and its writer is certainly gone: its process on this machine has ended, or nobody writes for a whole day.
 * @param modifiedAt by the same clock as `now`: the store's
 */
export function writerIsDead(name: string, modifiedAt: number, now: number): boolean {
  const [, writtenOn, pid] = pattern.exec(name) ?? []
  if (writtenOn === undefined) return false
  if (writtenOn === host && pid !== undefined && !processRuns(Number(pid))) return true
  return now - modifiedAt > deadAfterMs
}

function processRuns(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !isErrno(error, 'ESRCH')
  }
}

/** Only Linux tells. */
function unlessElsewhere(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
