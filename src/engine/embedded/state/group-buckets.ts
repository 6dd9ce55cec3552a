import type { Key } from '../../../pipeline/operator.js'
import { keyGroupCount } from './key-group.js'
import { narrow } from './narrow.js'
import type { Section } from './state-section.js'

/**
 * Keys with their states on their way into sections, by key group, in the arrays that are encoded. Their places are filled again and again, so that there
 * is no garbage for which records would have to wait.
 */
export class GroupBuckets {
  readonly #sections: readonly Section[] = Array.from({ length: keyGroupCount }, () => [[], [], []])
  /** Keys with a state that wait; what lies behind them in the arrays has been encoded. */
  readonly #lengths = new Uint32Array(keyGroupCount)

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

  /** Its last ones, so many at most, which wait no more: good until the next one is added. */
  take(group: number, most: number): Section {
    const [keys, states, deleted] = this.#of(group)
    const length = this.#lengths[group] ?? 0
    const from = Math.max(0, length - most)
    this.#lengths[group] = from
    if (from > 0) return [keys.slice(from, length), states.slice(from, length), []]
    keys.length = length
    states.length = length
    return [keys, states, deleted.splice(0)]
  }

  lengthOf(group: number): number {
    return (this.#lengths[group] ?? 0) + this.#of(group)[2].length
  }

  #of(group: number): Section {
    return this.#sections[group] as Section
  }
}
