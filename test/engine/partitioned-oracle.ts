/** What test/engine/jobs/partitioned.mjs must give for these records, in whatever order. */
export function oracle(records: readonly { readonly user: string; readonly n?: number | undefined }[]): string[] {
  const counts = new Map<string, number>()
  const running = records.map(({ user, n }) => {
    const count = (counts.get(user) ?? 0) + 1
    counts.set(user, count)
    return { user, n, count }
  })
  return sorted([...running, ...[...counts].map(([user, total]) => ({ user, total }))])
}

export function sorted(lines: readonly unknown[]): string[] {
  return lines.map((line) => JSON.stringify(line)).sort()
}
