import type { Key } from '../../../pipeline/operator.js'
import { decodeAt, type EncodedSection } from './state-section.js'
import { nowhere, StateTable } from './state-table.js'

interface FoundSection extends EncodedSection {
  readonly path: string
}

/**
 * Restored state, as its files hold it until somebody needs it. Decoding takes many times as long as reading, and no record has to wait for all of
 * it: a key group is decoded as a whole when one of its keys is needed, and what nobody has asked for yet a section at a time, from the front of the files
 * to their end. What has been decoded is let go, so that nothing is in memory twice.
 */
export class RestoredState<S> {
  /** What has been decoded. To be looked at, and changed, only for keys of groups that are. */
  readonly decoded = new StateTable<S>()
  /** In the order in which they apply, until they have. */
  readonly #sections: (FoundSection | undefined)[] = []
  /** By key group, where its sections are among them. */
  readonly #groups = new Map<number, number[]>()
  /** None is left before this one. */
  #next = 0

  /** Whether all of it is decoded. */
  get complete(): boolean {
    return this.#groups.size === 0
  }

  /** One more section of a file, over what was added before. */
  add({ group, bytes }: EncodedSection, path: string): void {
    const places = this.#groups.get(group)
    const place = this.#sections.push({ group, bytes, path }) - 1
    if (places === undefined) this.#groups.set(group, [place])
    else places.push(place)
  }

  /** Nothing where that has happened. @throws UnsupportedFormat */
  decodeGroup(group: number): void {
    for (const place of this.#groups.get(group) ?? []) this.#apply(this.#take(place))
    this.#groups.delete(group)
  }

  /** Decodes one section of those that are left. @throws UnsupportedFormat */
  decodeNext(): void {
    if (this.complete) return
    let section = this.#take(this.#next++)
    while (section === undefined) section = this.#take(this.#next++)
    this.#apply(section)
    const places = this.#groups.get(section.group)
    places?.shift()
    if (places?.length === 0) this.#groups.delete(section.group)
  }

  /** @throws UnsupportedFormat */
  decodeAll(): StateTable<S> {
    while (!this.complete) this.decodeNext()
    return this.decoded
  }

  #take(place: number): FoundSection | undefined {
    const section = this.#sections[place]
    this.#sections[place] = undefined
    return section
  }

  #apply(section: FoundSection | undefined): void {
    if (section === undefined) return
    const { group, path, bytes } = section
    const [keys, values, deleted] = decodeAt(path, bytes)
    for (let at = 0; at < keys.length; at++) this.#put(keys[at] as Key, values[at] as S, group)
    for (const key of deleted) this.#remove(key)
  }

  #put(key: Key, state: S, group: number): void {
    const place = this.decoded.placeOf(key)
    if (place === nowhere) this.decoded.add(key, state, group)
    else this.decoded.setState(place, state)
  }

  #remove(key: Key): void {
    const place = this.decoded.placeOf(key)
    if (place !== nowhere) this.decoded.remove(key, place)
  }
}
