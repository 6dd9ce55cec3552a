/**
 * The known name that somebody probably meant by an unknown one, or undefined where none comes close.
 *
 * Case and separators do not count (`num-retained` means `numRetained`). Names are close when a third of the letters at
 * most differ; else a name may be the end of a known one (`interval` of `execution.checkpointing.interval`) or have it as
 * a part (`minPauseBetweenCheckpoints`). Pure: the workflow uses it for unknown keys, the command line for unknown verbs.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = simplify(name)
  if (wanted.length < 2 || wanted.length > longestName) return undefined
  const lastSegment = simplify(name.slice(name.lastIndexOf('.') + 1))
  const close = new Best()
  const related = new Best()
  for (const candidate of known) {
    const simple = simplify(candidate)
    const differences = distance(wanted, simple)
    if (differences <= Math.min(5, Math.max(1, Math.floor(Math.min(wanted.length, simple.length) / 3)))) {
      close.offer(candidate, differences)
    } else if (isPart(lastSegment, simple) || isPart(simple, wanted)) {
      related.offer(candidate, differences)
    }
  }
  return close.name ?? related.name
}

/** ` (did you mean "interval"?)`, or nothing. */
export function suggestion(name: string, known: Iterable<string>): string {
  const found = nearest(name, known)
  return found === undefined ? '' : ` (did you mean "${found}"?)`
}

/** Longer ones are nobody's typing error, and comparing takes time that grows with both lengths. */
const longestName = 100

class Best {
  name: string | undefined
  #differences = Number.POSITIVE_INFINITY

  /** The first of equals stays, so the answer follows the order of the known names. */
  offer(name: string, differences: number): void {
    if (differences >= this.#differences) return
    this.name = name
    this.#differences = differences
  }
}

function simplify(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

function isPart(part: string, whole: string): boolean {
  return part.length >= 4 && whole.includes(part)
}

/**
 * How many letters to insert, delete, change or swap with their neighbour (the optimal string alignment distance). Own
 * lines, since a swap, the commonest typing error, counts as two in the Levenshtein packages, and since this is part of
 * the workflow's bundle.
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
