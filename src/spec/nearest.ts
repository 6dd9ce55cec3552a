/**
 * The known name that somebody probably meant by an unknown one, or undefined where none comes close: one that is
 * {@link misspelt}, else one that ends alike (`interval` and `execution.checkpointing.interval`) or is a part of the name
 * (`minPause` of `minPauseBetweenCheckpoints`). Pure: the workflow uses it for unknown keys, the command line for unknown verbs.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const candidates = [...known]
  return misspelt(name, candidates) ?? related(name, candidates)
}

/** The known name of which at most a third of the letters differ. Case and separators do not count. */
export function misspelt(name: string, known: Iterable<string>): string | undefined {
  return best(name, known, (wanted, candidate, differences) => {
    const shorter = Math.min(wanted.length, candidate.length)
    return differences <= Math.min(5, Math.max(1, Math.floor(shorter / 3)))
  })
}

function related(name: string, candidates: readonly string[]): string | undefined {
  const end = lastSegment(name)
  return (
    best(
      name,
      candidates.filter((candidate) => lastSegment(candidate) === end),
      () => true,
    ) ??
    best(
      name,
      candidates,
      (wanted, candidate) => isPart(end, candidate, 'endsWith') || isPart(candidate, wanted, 'includes'),
    )
  )
}

/** ` (did you mean "interval"?)`, or nothing. */
export function suggestion(name: string, known: Iterable<string>): string {
  const found = nearest(name, known)
  return found === undefined ? '' : ` (did you mean "${found}"?)`
}

/** Longer ones are nobody's typing error, and comparing takes time that grows with both lengths. */
const longestName = 100

type Accepts = (wanted: string, candidate: string, differences: number) => boolean

/** Of the candidates accepted the one with the fewest differences, and of equals the first. */
function best(name: string, known: Iterable<string>, accepts: Accepts): string | undefined {
  const wanted = simplify(name)
  if (wanted.length < 2 || wanted.length > longestName) return undefined
  let found: string | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const simple = simplify(candidate)
    const differences = distance(wanted, simple)
    if (differences >= fewest || !accepts(wanted, simple, differences)) continue
    found = candidate
    fewest = differences
  }
  return found
}

function simplify(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

function lastSegment(name: string): string {
  return simplify(name.slice(name.lastIndexOf('.') + 1))
}

/** Short parts say nothing: "ion" is the end of many names. */
function isPart(part: string, whole: string, how: 'endsWith' | 'includes'): boolean {
  return part.length >= 4 && whole[how](part)
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
