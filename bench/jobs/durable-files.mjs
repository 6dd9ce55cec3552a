/**
 * The least that durable snapshots could take: `node durable-files.mjs DIRECTORY PAUSE SNAPSHOTS`, with the sizes of each one's files in bytes, as
 * JSON, and milliseconds between them. A file is hashed, written and synced, gets its name, and the folder is synced. Prints the milliseconds of each.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, rename } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

const [, , directory, pauseMs, snapshots] = process.argv
const pieceSize = 1024 * 1024
/** So many bytes are synced at a time, while the next ones are written. */
const syncedEach = 16 * pieceSize
const few = [1000]
const random = randomBytes(pieceSize)

const took = []
for (const [index, sizes] of [few, ...JSON.parse(snapshots)].entries()) {
  // In memory already, as what has been encoded is.
  const contents = sizes.map((size) => Buffer.alloc(size, random))
  await pause(Number(pauseMs))
  const begun = performance.now()
  await snapshot(`${directory}/${index}`, contents)
  took.push(performance.now() - begun)
}
// The first one only warms up.
process.stdout.write(JSON.stringify(took.slice(1)))

async function snapshot(folder, contents) {
  await mkdir(folder)
  let named = syncFolder(directory)
  for (const [index, content] of contents.entries()) {
    await write(`${folder}/unnamed`, content)
    await named
    await rename(`${folder}/unnamed`, `${folder}/${index}`)
    named = syncFolder(folder)
  }
  await named
}

/** Hashing, writing and syncing go on at the same time. */
async function write(path, content) {
  const file = await open(path, 'wx')
  const hash = createHash('sha256')
  let syncing
  for (let at = 0; at < content.length; at += pieceSize) {
    const piece = content.subarray(at, at + pieceSize)
    const writing = file.write(piece)
    hash.update(piece)
    const { bytesWritten } = await writing
    if (bytesWritten < piece.length) throw new Error(`${path} took ${bytesWritten} of ${piece.length} bytes.`)
    if ((at + pieceSize) % syncedEach > 0) continue
    await syncing
    syncing = file.sync()
  }
  hash.digest()
  await syncing
  await file.sync()
  await file.close()
}

async function syncFolder(path) {
  const folder = await open(path)
  await folder.sync()
  await folder.close()
}
