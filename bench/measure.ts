import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Contender, Figures } from './benchmark.js'

export interface Measured {
  readonly contender: string
  /** One for each counted round. */
  readonly rounds: readonly Figures[]
}

/**
 * A round that is not counted, then `rounds` that are; in each, every contender once. What one has written is on the disk before the next one begins: a file
 * system that keeps a journal has whoever syncs wait for what others wrote without.
 */
export async function measure(
  contenders: readonly Contender[],
  rounds: number,
  log: (line: string) => void,
): Promise<readonly Measured[]> {
  const measured = contenders.map(({ name }) => ({ contender: name, rounds: [] as Figures[] }))
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      await promisify(execFile)('sync')
      const figures = await contender.run()
      log(`  ${round === 0 ? 'warm-up' : `round ${round}`}: ${contender.name}: ${show(figures)}`)
      if (round > 0) measured[index]?.rounds.push(figures)
    }
  }
  return measured
}

function show(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ')
}
