import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { CancelOutcome } from '../src/coordinator/commands.js'
import type { CancelMode, TriggerOutcome } from '../src/coordinator/state.js'
import type { CheckpointsView, StatusView } from '../src/coordinator/view.js'
import { isUnreadable } from '../src/temporal/payload-converter.js'

/** `"RETAIN"`, `"DELETE"`, `{"retention": ...}` or nothing; typed `unknown` since anyone may send anything. */
export const cancelSignal = defineSignal<[unknown?]>('cancel')
export const triggerCheckpointSignal = defineSignal<[unknown?]>('triggerCheckpoint')
export const triggerSavepointSignal = defineSignal<[unknown?]>('triggerSavepoint')
export const stopWithSavepointSignal = defineSignal<[unknown?]>('stopWithSavepoint')

/** Updates of the same names: they answer once the outcome is settled, and refuse bad input. */
export const cancelUpdate = defineUpdate<CancelOutcome, [unknown?]>('cancel')
export const triggerCheckpointUpdate = defineUpdate<TriggerOutcome, [unknown?]>('triggerCheckpoint')
export const triggerSavepointUpdate = defineUpdate<string, [unknown?]>('triggerSavepoint')
export const stopWithSavepointUpdate = defineUpdate<string, [unknown?]>('stopWithSavepoint')

export const statusQuery = defineQuery<StatusView>('status')
export const checkpointsQuery = defineQuery<CheckpointsView>('checkpoints')

export const savepointsNotSupported = 'Savepoints are not supported yet: trigger a checkpoint, or cancel with RETAIN.'

export type ParsedCancel =
  | { readonly ok: true; readonly mode?: CancelMode }
  | { readonly ok: false; readonly message: string }

/** Reads what a cancel message carries. Never throws. */
export function parseCancel(args: readonly unknown[]): ParsedCancel {
  const [value] = args
  if (value === undefined || value === null) return { ok: true }
  const mode = typeof value === 'object' && 'retention' in value ? value.retention : value
  if (mode === 'RETAIN' || mode === 'DELETE') return { ok: true, mode }
  return {
    ok: false,
    message: `A cancel message must carry nothing, "RETAIN", "DELETE" or {"retention": "RETAIN" | "DELETE"}, not ${show(value)}.`,
  }
}

/** Reads what a message without an argument carries. Never throws. */
export function parseNothing(name: string, args: readonly unknown[]): string | undefined {
  const [value] = args
  return value === undefined || value === null ? undefined : `${name} takes no argument, not ${show(value)}.`
}

/** What somebody sent, short enough for a sentence. */
export function show(value: unknown): string {
  if (isUnreadable(value)) return `an unreadable payload of ${value.size} bytes (${value.reason})`
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
