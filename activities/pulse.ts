/** A live job beats no more often than this, milliseconds. */
const restMs = 30_000

/** A beat that comes after less than this share of the time-out is safe from one that is slow to arrive. */
const safeShare = 0.4

interface Beater {
  readonly beat: () => void
  /** Milliseconds. */
  readonly timeoutMs: number
  beaten: number
}

export interface PulseOptions {
  /** One beat is sent at a time, and the next after this long, milliseconds. */
  readonly intervalMs: number
  /** A process that stood still for longer may have been given up meanwhile, and asks for all at once; milliseconds. */
  readonly stillMs: number
  readonly now?: () => number
}

/**
 * The heartbeats of all that one host supervises, in turn: together they are as many as the host's own, and each job's every 30 s at most.
 * Only where so many share the turns that a time-out would be missed there are more.
 */
export class Pulse {
  /** In the order of their last beats. */
  readonly #beaters = new Set<Beater>()
  readonly #options: PulseOptions
  readonly #now: () => number
  #timer: NodeJS.Timeout | undefined
  #looked = 0

  constructor(options: PulseOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Beats at once, and from then on in its turn. @returns lets go */
  join(beat: () => void, timeoutMs: number): () => void {
    const beater: Beater = { beat, timeoutMs, beaten: this.#now() }
    this.#beaters.add(beater)
    if (this.#timer === undefined) {
      this.#looked = this.#now()
      this.#timer = setInterval(() => this.look(), this.#options.intervalMs)
    }
    beat()
    return () => {
      this.#beaters.delete(beater)
      if (this.#beaters.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  /** Sends what is due. */
  look(): void {
    const now = this.#now()
    const stoodStill = now - this.#looked > this.#options.stillMs
    this.#looked = now
    let turns = stoodStill ? this.#beaters.size : 1
    for (const beater of [...this.#beaters]) {
      const silentFor = now - beater.beaten
      const due = stoodStill || silentFor >= Math.min(restMs, beater.timeoutMs * safeShare)
      if (!due) return
      if (turns-- <= 0 && silentFor < beater.timeoutMs * safeShare) return
      beater.beaten = now
      this.#beaters.delete(beater)
      this.#beaters.add(beater)
      beater.beat()
    }
  }
}
