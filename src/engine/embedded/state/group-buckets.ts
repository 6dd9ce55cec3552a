import type { Key } from '../../../pipeline/operator.js'
import { keyGroupCount } from './key-group.js'
import { narrow } from './narrow.js'
import { SectionWriter } from './section-writer.js'
import { clearSection, type Section } from './state-section.js'

/**
 * Keys with their states on their way into sections, by key group, in the arrays that are encoded. Who has many of them keeps the buckets for the next
 * snapshot: arrays that are new are copied by each collection meanwhile, and records wait for it.
 */
export class GroupBuckets {
  readonly #writer: SectionWriter
  readonly #sections: Section[]
  /** Keys with a state that wait; what lies behind them in the arrays has been encoded. */
  readonly #lengths = new Uint32Array(keyGroupCount)

  constructor(operator: string) {
    this.#writer = new SectionWriter(operator)
    this.#sections = Array.from({ length: keyGroupCount }, () => this.#writer.emptySection())
  }

  add(group: number, key: Key, state: unknown): void {
    const [keys, states] = this.#of(group)
    const at = this.#lengths[group] ?? 0
    keys[at] = narrow(key)
    states[at] = state
    this.#lengths[group] = at + 1
  }

  addDeleted(group: number, key: Key): void {
    this.#of(group)[2].push(narrow(key))
  }

  /** Where the key still waits, it does with another state from here on. Not found by its state: two keys may share an object. */
  replace(group: number, key: Key, by: () => unknown): void {
    const [keys, states] = this.#of(group)
    const at = keys.findIndex((one) => one === key || Object.is(one, key))
    if (at !== -1 && at < (this.#lengths[group] ?? 0)) states[at] = by()
  }

  /** Its last ones, so many at most, which wait no more. @throws TaskFailed naming operator and key */
  encode(group: number, most: number): { readonly bytes: Buffer; readonly entries: number } {
    const section = this.#take(group, most)
    const entries = section[0].length + section[2].length
    return { bytes: this.#writer.write(group, section), entries }
  }

  /** Nothing waits any more, and nothing that did is held. */
  clear(): void {
    this.#lengths.fill(0)
    this.#writer.clear()
    for (const section of this.#sections) clearSection(section)
  }

  lengthOf(group: number): number {
    return (this.#lengths[group] ?? 0) + this.#of(group)[2].length
  }

  #take(group: number, most: number): Section {
    const section = this.#of(group)
    const [keys, states] = section
    const length = this.#lengths[group] ?? 0
    const from = Math.max(0, length - most)
    this.#lengths[group] = from
    if (from > 0) return [keys.slice(from, length), states.slice(from, length), []]
    keys.length = length
    states.length = length
    this.#sections[group] = this.#writer.emptySection()
    return section
  }

  #of(group: number): Section {
    return this.#sections[group] as Section
  }
}
