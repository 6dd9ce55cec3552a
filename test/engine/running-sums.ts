/** What a job that emits the sum of a record's key after each record has to emit. */
export function runningSums(
  records: readonly { readonly key: string; readonly value: number }[],
): { readonly key: string; readonly sum: number }[] {
  const sums = new Map<string, number>()
  return records.map(({ key, value }) => {
    const sum = (sums.get(key) ?? 0) + value
    sums.set(key, sum)
    return { key, sum }
  })
}
