/** Connections to one host that are being made at once. A server does the costly part of TLS for each. */
const atOnce = 8

interface Waiting {
  readonly go: () => void
  readonly fail: (failure: unknown) => void
}

interface Line {
  places: number
  readonly waiting: Waiting[]
}

/** To be called once it is known whether there is a connection; later calls do nothing. */
export type Leave = (failure?: unknown) => void

/**
 * Requests to a host go a few at a time, until each has its connection; the others wait, and by then often find one that is free. Their
 * time-out begins with their turn: a queue here is no fault of the server. Only the making of connections is limited, not their number:
 * streams that feed each other cannot block each other.
 */
export class Connecting {
  readonly #lines = new Map<string, Line>()

  /** Resolves when it is the caller's turn. */
  async turn(host: string): Promise<Leave> {
    const line = this.#lines.get(host) ?? { places: 0, waiting: [] }
    this.#lines.set(host, line)
    if (line.places < atOnce) line.places++
    else await new Promise<void>((go, fail) => line.waiting.push({ go, fail }))
    let left = false
    return (failure) => {
      if (left) return
      left = true
      // Whoever waits behind a connection that could not be made would wait for the same.
      if (failure !== undefined) for (const { fail } of line.waiting.splice(0)) fail(failure)
      const next = line.waiting.shift()
      if (next !== undefined) next.go()
      else if (--line.places === 0) this.#lines.delete(host)
    }
  }
}
