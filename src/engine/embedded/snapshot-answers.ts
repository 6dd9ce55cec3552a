import { TidemarkError } from '../../errors.js'
import type { TakenSnapshot } from '../engine.js'

/**
 * The first answer to each snapshot number of one attempt, so that a request that is repeated, because its answer was lost or its
 * caller was replaced, gets the same snapshot and not a second cut. Kept until a newer number is asked for: only then is the
 * old one decided. A number whose snapshot failed may be asked again.
 */
export class SnapshotAnswers {
  readonly #answers = new Map<number, Promise<TakenSnapshot>>()
  #newest = 0

  ask(number: number, take: () => Promise<TakenSnapshot>): Promise<TakenSnapshot> {
    const known = this.#answers.get(number)
    if (known !== undefined) return known
    if (number < this.#newest) {
      throw new TidemarkError(
        'Fenced',
        `Snapshot ${number} was given up: snapshot ${this.#newest} has been asked for since.`,
      )
    }
    this.#newest = number
    for (const old of this.#answers.keys()) this.#answers.delete(old)
    const answer = take()
    this.#answers.set(number, answer)
    answer.catch(() => {
      if (this.#answers.get(number) === answer) this.#answers.delete(number)
    })
    return answer
  }
}
