/** Random numbers in [0, 1) that a seed decides (mulberry32), so that a failure can be played again. */
export function randomFrom(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** TIDEMARK_SEED, or a new one; printed either way. */
export function seedOfThisRun(): number {
  const seed = Number(process.env.TIDEMARK_SEED ?? Math.floor(Math.random() * 1e9))
  console.log(`TIDEMARK_SEED=${seed}`)
  return seed
}
