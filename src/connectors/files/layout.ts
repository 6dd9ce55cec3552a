import { join } from 'node:path'

/** The places in an output directory. Of each part there is one file, in one of the last four. */
export interface Layout {
  /** Taken by a job's sink: see owner.ts. */
  readonly owner: string
  /** Written now: `open-...`. A crash leaves them; the next recovery removes them. */
  readonly inProgress: string
  /** Closed at a cut and durable, but its snapshot may not exist: nobody may read it yet. */
  readonly pending: string
  /** The output directory itself: a reader of it sees whole, committed files only. */
  readonly committed: string
  /** Was pending when the job went on from a snapshot that does not name it. */
  readonly supersededPending: string
  /** Was committed, but the job went on from a snapshot before it. Comes back if the job returns to that past. */
  readonly supersededCommitted: string
}

export function layoutOf(directory: string): Layout {
  return {
    owner: join(directory, '_owner'),
    inProgress: join(directory, 'in-progress'),
    pending: join(directory, 'pending'),
    committed: directory,
    supersededPending: join(directory, 'superseded', 'pending'),
    supersededCommitted: join(directory, 'superseded', 'committed'),
  }
}
