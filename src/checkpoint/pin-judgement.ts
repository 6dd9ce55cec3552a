import type { WorkflowFact } from './collection.js'
import type { Pin } from './pin.js'

/** What is known of the execution that holds a pin. */
export type HolderFacts =
  /** No such record in these roots: it may be about to begin, or belong to another installation. */
  | { readonly record: 'absent'; readonly workflow: WorkflowFact }
  | { readonly record: 'open'; readonly hasOwnCheckpoint: boolean }
  | { readonly record: 'ended' }
  | { readonly record: 'unreadable' }

export interface PinVerdict {
  readonly stale: boolean
  readonly why: string
}

/** A pin holds until its holder's first own checkpoint or its end; one by hand until it is taken away, or expires. */
export function judgePin(pin: Pin, holder: HolderFacts, now: number): PinVerdict {
  if ('person' in pin) {
    const { expiresAt, reason } = pin.person
    if (expiresAt === undefined) return { stale: false, why: reason }
    const stale = Date.parse(expiresAt) <= now
    return { stale, why: stale ? `it expired at ${expiresAt}` : `${reason} (until ${expiresAt})` }
  }
  switch (holder.record) {
    case 'ended':
      return { stale: true, why: 'its holder has ended' }
    case 'unreadable':
      return { stale: false, why: 'its holder cannot be read' }
    case 'open':
      return holder.hasOwnCheckpoint
        ? { stale: true, why: 'its holder has a checkpoint of its own' }
        : { stale: false, why: 'its holder restores from it' }
    case 'absent': {
      const { workflow } = holder
      if (workflow.kind === 'ended') return { stale: true, why: `its holder never came to be: ${workflow.why}` }
      if (workflow.kind === 'running') return { stale: false, why: 'its holder is about to begin' }
      return { stale: false, why: `nobody can say what has become of its holder: ${workflow.why}` }
    }
  }
}
