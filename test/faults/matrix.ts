import { type Cell, cellName, cellsOf, describeFault, faultKindsOf, specials } from './faults-of-the-world.js'
import type { Scheme } from './place.js'
import { steps } from './points/point.js'
import { describeStep } from './steps-of-the-path.js'

/** How often each fault struck at each step. */
export class Matrix {
  readonly #scheme: Scheme
  readonly #counts = new Map<string, number>()

  constructor(scheme: Scheme) {
    this.#scheme = scheme
  }

  add(cell: Cell): void {
    this.#counts.set(cellName(cell), this.count(cell) + 1)
  }

  count(cell: Cell): number {
    return this.#counts.get(cellName(cell)) ?? 0
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** What was struck less often than that. */
  below(times: number): Cell[] {
    return cellsOf(this.#scheme).filter((cell) => this.count(cell) < times)
  }

  /** A table in Markdown. */
  render(): string {
    const head = ['fault', ...steps.map((step) => describeStep[step])]
    const rows = faultKindsOf(this.#scheme).map((fault) => [
      describeFault[fault],
      ...steps.map((step) => String(this.count({ fault, step }))),
    ])
    const table = [head, head.map((_, column) => (column === 0 ? '---' : '--:')), ...rows]
    const stories = specials.map((fault) => `- ${describeFault[fault]}: ${this.count({ fault, step: 'restore' })}`)
    return [...table.map((row) => `| ${row.join(' | ')} |`), '', ...stories].join('\n')
  }
}
