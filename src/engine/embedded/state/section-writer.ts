import { DefaultSerializer, serialize } from 'node:v8'
import { headed, sectionHead } from './state-codec.js'
import { clearSection, type Section, serializeSection } from './state-section.js'

/** Sections that one serializer writes at most. */
const sectionsEach = 64

/** Node promises nothing of the kind, so it is asked when it starts: one that does otherwise is given a serializer for each section. */
export const canGoOn = writesOneAfterAnother()

/**
 * Writes sections, one after the other. A serializer is a native object, and records wait while thousands of them are collected; so many sections have one
 * in common. It remembers every object that it has met, and would write it as a reference from then on. So what it writes has no objects but the arrays
 * of the sections, and these are filled again only when it is gone; a section with others in it has a serializer to itself.
 */
export class SectionWriter {
  readonly #operator: string
  #common = new DefaultSerializer()
  /** By the common one. */
  #written: Section[] = []
  #free: Section[] = []

  constructor(operator: string) {
    this.#operator = operator
  }

  /** One to be filled: what is in its first two arrays has been written. */
  emptySection(): Section {
    return this.#free.pop() ?? [[], [], []]
  }

  /**
   * Copies every value now: what the caller changes afterwards is not in it. The section is not the caller's any more.
   * @throws TaskFailed naming operator and key
   */
  write(group: number, section: Section): Buffer {
    const shared = canGoOn && section[1].every(isNoObject)
    const serializer = shared ? this.#common : new DefaultSerializer()
    const bytes = headed(group, serializeSection(this.#operator, section, sectionHead, serializer))
    section[2].length = 0
    if (!shared) this.#giveBack(section)
    else if (this.#written.push(section) === sectionsEach) this.#renew()
    return bytes
  }

  /** What was in the sections is held no more. */
  clear(): void {
    this.#renew()
    for (const section of this.#free) clearSection(section)
  }

  #renew(): void {
    this.#common = new DefaultSerializer()
    this.#free = this.#written
    this.#written = []
  }

  #giveBack(section: Section): void {
    if (this.#free.length < sectionsEach) this.#free.push(section)
  }
}

function isNoObject(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function')
}

function writesOneAfterAnother(): boolean {
  const serializer = new DefaultSerializer()
  const texts = [
    ['a', 1],
    ['é', -0.5],
    ['🚀', 1n],
  ]
  try {
    return texts.every((values) => {
      serializer.writeHeader()
      serializer.writeValue(values)
      return serializer.releaseBuffer().equals(serialize(values))
    })
  } catch {
    return false
  }
}
