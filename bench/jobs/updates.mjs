const perSecond = 1000

const now = () => performance.timeOrigin + performance.now()

/**
 * The keys from 0 as fast as they are taken, then 1,000 of them a second, scattered. `due` is when such a record should come, in
 * milliseconds of the epoch, and 0 for the first ones: a source that was held up catches up, and its records are late.
 */
export const updates = (keys) => ({
  name: `updates(${keys})`,
  bounded: false,
  splits: async () => ['0'],
  open: async (_split, position = 0) => reader(keys, position),
})

function reader(keys, position) {
  let next = position
  /** The first record at a pace, and when it came. */
  let paced
  const read = (max) => {
    const first = next
    if (first < keys) next = Math.min(keys, first + max)
    else {
      paced ??= { first, at: now() }
      const due = paced.first + Math.floor(((now() - paced.at) * perSecond) / 1000)
      if (due < first) return { idle: 1 }
      next = Math.min(due + 1, first + max)
    }
    const records = Array.from({ length: next - first }, (_, index) => update(first + index))
    return { records, where: (index) => `record ${first + index}` }
  }
  const update = (n) =>
    n < keys ? { key: n, due: 0 } : { key: scatter(n) % keys, due: paced.at + ((n - paced.first) * 1000) / perSecond }
  return { read, position: () => next, describe: () => `record ${next}`, close: async () => {} }
}

/** In 32 bits, as in Java. */
function scatter(n) {
  let hash = Math.imul(n, 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
