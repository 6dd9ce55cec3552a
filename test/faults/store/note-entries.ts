import type { EntryRecord } from '../entry-record.js'
import type { StoreOperation, StoreStep } from './store-step.js'

/** The requests by which an object gets its name. */
const naming: readonly StoreOperation[] = ['put', 'rename']

/** From here on the server may do it. */
export function noteRequest(record: EntryRecord, { op, paths }: StoreStep): void {
  if (op === 'delete') for (const path of paths) record.removed(path)
}

/** @param status undefined: the server may have done it */
export function noteAnswer(record: EntryRecord, { op, paths }: StoreStep, status: number | undefined): void {
  if (!naming.includes(op)) return
  for (const path of paths) {
    if (status === undefined || status >= 500) {
      record.mayBeThere(path)
      record.noteIfLate(path)
    } else if (status < 300) record.named(path)
  }
}
