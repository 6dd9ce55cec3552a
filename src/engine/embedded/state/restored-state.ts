import type { Key } from '../../../pipeline/operator.js'
import { Cell } from './cell.js'
import { type EncodedSection, entriesAt } from './state-section.js'

interface FoundSection {
  readonly bytes: Buffer
  readonly path: string
}

/**
 * Restored state, as its files hold it until somebody needs it. Decoding takes many times as long as reading, and no record has to wait for all of
 * it: a key group is decoded as a whole when one of its keys is needed, and what nobody has asked for yet a section at a time. What has been
 * decoded is let go, so that nothing is in memory twice.
 */
export class RestoredState<S> {
  /** What has been decoded. To be looked at, and changed, only for keys of groups that are. */
  readonly decoded = new Map<Key, Cell<S>>()
  /** In the order in which they apply. */
  readonly #groups = new Map<number, FoundSection[]>()

  /** Whether all of it is decoded. */
  get complete(): boolean {
    return this.#groups.size === 0
  }

  /** One more section of a file, over what was added before. */
  add({ group, bytes }: EncodedSection, path: string): void {
    const sections = this.#groups.get(group)
    if (sections === undefined) this.#groups.set(group, [{ bytes, path }])
    else sections.push({ bytes, path })
  }

  /** Nothing where that has happened. @throws UnsupportedFormat */
  decodeGroup(group: number): void {
    const sections = this.#groups.get(group)
    if (sections === undefined) return
    for (const section of sections) this.#apply(section)
    this.#groups.delete(group)
  }

  /** Decodes one section of those that are left. @throws UnsupportedFormat */
  decodeNext(): void {
    const [next] = this.#groups
    if (next === undefined) return
    const [group, sections] = next
    const [first] = sections
    if (first !== undefined) this.#apply(first)
    sections.shift()
    if (sections.length === 0) this.#groups.delete(group)
  }

  /** @throws UnsupportedFormat */
  decodeAll(): Map<Key, Cell<S>> {
    while (!this.complete) this.decodeNext()
    return this.decoded
  }

  #apply({ bytes, path }: FoundSection): void {
    for (const [key, value] of entriesAt(path, bytes)) {
      if (value === undefined) this.decoded.delete(key)
      else this.decoded.set(key, new Cell(value.state as S))
    }
  }
}
