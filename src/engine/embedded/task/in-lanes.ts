/** Enough to wait for storage meanwhile, and few enough that their work between two records stays short. */
const lanes = 4

/** Does something with each item, a few at a time; answers in the items' order. After a failure none is begun any more. */
export async function inLanes<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const rest = items.entries()
  let failed = false
  const lane = async (): Promise<void> => {
    for (const [index, item] of rest) {
      try {
        results[index] = await work(item)
      } catch (error) {
        failed = true
        throw error
      }
      if (failed) return
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane))
  return results
}
