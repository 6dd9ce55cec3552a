import { type AuditLine, encodeAudit } from '../checkpoint/audit.js'
import { auditFolder, auditPath, parseRootName } from '../checkpoint/paths.js'
import { joinUri, type Storage } from '../storage/index.js'
import { readIfThere } from './read-log.js'

export interface AuditContext {
  readonly who: string
  /** ISO 8601. */
  readonly at: string
  /** Unique; characters of an id. */
  readonly nonce: string
}

/** Lines in one object; it is written anew with each, so it must not grow without bound. */
const longest = 200

/**
 * The record of one collector's run or one deletion, beside the checkpoints. A line is durable before its deed begins, so a crash
 * leaves at most a line whose deed was not done, or not wholly. Nothing is written where nothing is done.
 */
export class AuditTrail {
  readonly #root: Storage
  readonly #context: AuditContext
  readonly #now: () => Date
  #part = 0
  /** Of the object that `lines` are in; undefined before the first write. */
  #name: string | undefined
  #lines: AuditLine[] = []
  /** URIs of the objects written. */
  readonly written: string[] = []

  constructor(root: Storage, context: AuditContext, now: () => Date = () => new Date()) {
    this.#root = root
    this.#context = context
    this.#now = now
  }

  /** Makes the line durable; the answer is to be called when the deed is done. */
  async begin(deed: Omit<AuditLine, 'at' | 'who' | 'state'>): Promise<() => void> {
    if (this.#lines.length >= longest) {
      await this.#write()
      this.#name = undefined
      this.#lines = []
    }
    const lines = this.#lines
    const line: AuditLine = { at: this.#now().toISOString(), who: this.#context.who, ...deed, state: 'begun' }
    const index = lines.push(line) - 1
    await this.#write()
    return () => {
      lines[index] = { ...line, state: 'done' }
    }
  }

  /** Records which deeds were done. */
  async end(): Promise<void> {
    if (this.#lines.length > 0) await this.#write()
  }

  async #write(): Promise<void> {
    const content = encodeAudit(this.#lines)
    if (this.#name === undefined) this.#name = await this.#create(content)
    else await this.#root.write(this.#name, content)
  }

  /** Never over what is there: an activity that is tried again has the nonce of the try before it, whose deeds stay told, and which may still run. */
  async #create(content: Uint8Array): Promise<string> {
    const { at, nonce } = this.#context
    for (;;) {
      const part = this.#part++
      const name = auditPath(at, part === 0 ? nonce : `${nonce}-${part}`)
      if ((await this.#root.createIfAbsent(name, content)) === 'exists') continue
      this.written.push(joinUri(this.#root.uri, name))
      return name
    }
  }
}

/** The lines of the last so many objects, oldest first; a line that cannot be read is left out. */
export async function readAudit(root: Storage, objects: number): Promise<AuditLine[]> {
  const names = (await root.list(auditFolder))
    .map(({ name }) => name)
    .filter((name) => parseRootName(name).kind === 'audit')
  const lines: AuditLine[] = []
  for (const name of names.slice(-objects)) {
    const text = (await readIfThere(root, name))?.toString() ?? ''
    for (const line of text.split('\n')) {
      try {
        if (line !== '') lines.push(JSON.parse(line) as AuditLine)
      } catch {
        // Somebody has edited it; the others still tell their story.
      }
    }
  }
  return lines
}
