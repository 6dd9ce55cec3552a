/** Takes one line of text for a person. */
export type Log = (line: string) => void

export interface Progress {
  /** More bytes have arrived. */
  add(bytes: number): void
  /** So many bytes have arrived in all. */
  reach(bytes: number): void
}

/** Logs how far a transfer is: at each tenth where the total is known, else every 10 MB. */
export function progressLog(log: Log, total: number | undefined): Progress {
  const step = total === undefined ? 10_000_000 : total / 10
  let arrived = 0
  let logged = 0
  const reach = (bytes: number) => {
    arrived = bytes
    const steps = Math.floor(arrived / step)
    if (steps <= logged) return
    logged = steps
    log(total === undefined ? `  ${megabytes(arrived)}` : `  ${steps * 10}% of ${megabytes(total)}`)
  }
  return { reach, add: (bytes) => reach(arrived + bytes) }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
