import type { AuditLine } from '../checkpoint/audit.js'
import { joinUri, type Storage } from '../storage/index.js'
import type { AuditTrail } from './audit-trail.js'
import { type BeforeRemoval, bytesOf } from './removal.js'

/** Has the trail tell what goes before it does, with names below the execution's folder; `done` is to be called when all of it has gone. */
export function auditedRemoval(
  trail: AuditTrail,
  { uri }: Pick<Storage, 'uri'>,
  deed: Pick<AuditLine, 'action' | 'why' | 'job' | 'execution'>,
): { readonly before: BeforeRemoval; done(): void } {
  const ends: (() => void)[] = []
  return {
    before: async (files) => {
      const names = files.map(({ folder, name }) => (folder.uri === uri ? name : joinUri(folder.uri, name)))
      ends.push(await trail.begin({ ...deed, uri, files: names, bytes: bytesOf(files) }))
    },
    done: () => {
      for (const end of ends) end()
    },
  }
}
