/**
 * A process that uses a store by its URI, for tests that race, kill or measure it. It says each step on a line of its own.
 * `race NAME ID`: four racers create the name when told on stdin; prints their outcomes.
 * `create FOLDER`: creates 0, 1, 2, ... there, 4 MB each, without end; prints each number once it was created.
 * `half NAME`: writes 40 MB of a stream under the name and then waits for ever.
 * `large NAME MEGABYTES`: writes a stream so long, reads it back as one, checks it, and prints the most memory this process ever had, in MB.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { openStorage } from '../../src/storage/index.js'

const megabyte = 1024 * 1024
const [mode, uri = '', what = '', last = ''] = process.argv.slice(2)
const storage = openStorage(uri)
const say = (line: string) => process.stdout.write(`${line}\n`)

/** No two megabytes are alike, so that a piece at the wrong place is found. */
function piece(index: number): Buffer {
  const bytes = Buffer.alloc(megabyte, index % 251)
  bytes.writeUInt32BE(index)
  return bytes
}

if (mode === 'race') {
  say('ready')
  await once(process.stdin, 'data')
  const racers = Array.from({ length: 4 }, (_, racer) => storage.createIfAbsent(what, Buffer.from(`${last}-${racer}`)))
  say((await Promise.all(racers)).join())
  process.exit(0)
}

if (mode === 'create') {
  for (let number = 0; ; number++) {
    await storage.createIfAbsent(`${what}/${number}`, Buffer.alloc(4 * megabyte, number))
    say(String(number))
  }
}

if (mode === 'half') {
  async function* endless() {
    for (let index = 0; index < 40; index++) yield piece(index)
    say('half')
    await new Promise(() => setInterval(() => {}, 1000))
  }
  await storage.write(what, endless())
}

if (mode === 'large') {
  const count = Number(last)
  const written = createHash('sha256')
  async function* pieces() {
    for (let index = 0; index < count; index++) {
      const bytes = piece(index)
      written.update(bytes)
      yield bytes
    }
  }
  await storage.write(what, pieces())
  const read = createHash('sha256')
  let size = 0
  for await (const chunk of storage.readStream(what)) {
    read.update(chunk)
    size += chunk.length
  }
  if (size !== count * megabyte) throw new Error(`${size} bytes were read`)
  if (read.digest('hex') !== written.digest('hex')) throw new Error('what was read is not what was written')
  say(String(Math.round(process.resourceUsage().maxRSS / 1024)))
}
