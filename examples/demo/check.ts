import type { Narrator } from './narrator.js'

/** Something is not as this project promises; the demo ends with exit code 1. */
export class NotAsPromised extends Error {}

/** One checked promise: `claim` is what holds, `otherwise` is what was found where it does not. */
export function check(narrator: Narrator, holds: boolean, claim: string, otherwise: string): asserts holds {
  if (!holds) throw new NotAsPromised(`Expected: ${claim} Found: ${otherwise}`)
  narrator.checked(claim)
}

/** `1,042` */
export function figure(number: number): string {
  return number.toLocaleString('en-US')
}

/** `1,042 flights` */
export function count(number: number, noun: string): string {
  return `${figure(number)} ${noun}${number === 1 ? '' : 's'}`
}

/** Names for a sentence: `chk-3, chk-4 and chk-5`. */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? 'none'
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
