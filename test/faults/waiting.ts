/** What is waited for at the moment, so that whoever has waited for too long can say what for. */
export class Waiting {
  readonly #now = new Set<{ readonly what: string }>()

  async for<T>(what: string, work: () => Promise<T>): Promise<T> {
    const wait = { what }
    this.#now.add(wait)
    try {
      return await work()
    } finally {
      this.#now.delete(wait)
    }
  }

  /**
   * Nobody hears of work that takes longer; it may go on.
   * @throws Error that says what was waited for
   */
  async atMost<T>(ms: number, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const now = [...this.#now].map(({ what }) => what).join(', ')
        reject(new Error(`It took longer than ${ms / 1000} s, and waited for: ${now}.`))
      }, ms)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
      work.catch(() => undefined)
    }
  }
}
