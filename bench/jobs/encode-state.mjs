/**
 * The least that encoding the state of the job `blobs` could take: `node encode-state.mjs KEYS` has V8 serialize so many keys with their values, and
 * does nothing else. Prints milliseconds and bytes as JSON.
 */
import { randomBytes } from 'node:crypto'
import { serialize } from 'node:v8'

/** Keys that are serialized together. */
const together = 512
const state = stateOf(Number(process.argv[2]))

// It warms up with a few.
encode(stateOf(10_000))
const begun = performance.now()
const bytes = encode(state)
process.stdout.write(JSON.stringify({ ms: performance.now() - begun, bytes }))

function stateOf(count) {
  const state = new Map()
  for (let key = 0; key < count; key++) state.set(key, randomBytes(100).toString('latin1'))
  return state
}

function encode(state) {
  let [bytes, keys, values] = [0, [], []]
  const serializeThose = () => {
    bytes += serialize([keys, values]).length
    keys = []
    values = []
  }
  for (const [key, value] of state) {
    keys.push(key)
    values.push(value)
    if (keys.length === together) serializeThose()
  }
  serializeThose()
  return bytes
}
