/**
 * Does something with each item, so many at a time, and answers in the items' order. After a failure none is begun any more. It is told once what
 * is under way has ended: whoever hears of it may delete, or do the same again, and meets no write of this call.
 * @param lanes at most so many at once
 * @throws what the first failure threw
 */
export async function inLanes<T, R>(items: readonly T[], lanes: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const failures: unknown[] = []
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++
      try {
        results[index] = await work(items[index] as T)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane))
  if (failures.length > 0) throw failures[0]
  return results
}
