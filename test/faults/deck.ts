import { randomFrom } from '../jobs/random.js'
import type { Cell } from './faults-of-the-world.js'

/** One fault for one job. */
export interface Round {
  /** From 1, within the seed. */
  readonly number: number
  readonly cell: Cell
  /** Decides everything that is left open: the point within the step, error codes, how long, what is resumed from. */
  readonly seed: number
}

/**
 * The rounds of a seed: all cells, shuffled, and again when they are through. So every fault meets every step once in each deck,
 * and a round can be played again by its number alone.
 */
export function dealRounds(seed: number, count: number, cells: readonly Cell[]): Round[] {
  const random = randomFrom(seed)
  const rounds: Round[] = []
  while (rounds.length < count) {
    for (const cell of shuffled(cells, random)) {
      const number = rounds.length + 1
      if (number > count) break
      rounds.push({ number, cell, seed: Math.floor(random() * 2 ** 32) })
    }
  }
  return rounds
}

/** Fisher and Yates. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[result[i], result[j]] = [result[j] as T, result[i] as T]
  }
  return result
}

export function pick<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new Error('There is nothing to pick from.')
  return item
}
