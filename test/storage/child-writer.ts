/**
 * A process that writes, for tests that race or kill it. `race DIRECTORY NAME ID`: four racers
 * create the name when told on stdin; prints their outcomes.
 * `stop DIRECTORY OPERATION STEP`: stops before its STEP-th change of the disk and says so; prints `done` when there are fewer.
 */
import { once } from 'node:events'
import { FileStorage } from '../../src/storage/file/file-storage.js'
import { changesDisk, steppingFileSystem } from './stepping-file-system.js'

const [mode, directory = '', what = '', last = ''] = process.argv.slice(2)

if (mode === 'race') {
  const storage = new FileStorage(directory)
  process.stdout.write('ready\n')
  await once(process.stdin, 'data')
  const racers = Array.from({ length: 4 }, (_, racer) => storage.createIfAbsent(what, Buffer.from(`${last}-${racer}`)))
  process.stdout.write(`${(await Promise.all(racers)).join()}\n`)
  process.exit(0)
}

let changes = 0
const fs = steppingFileSystem(async (step) => {
  if (!changesDisk(step) || changes++ !== Number(last)) return
  process.stdout.write('stopped\n')
  // Until killed.
  await new Promise(() => setInterval(() => {}, 1000))
})
const storage = new FileStorage(directory, fs)
if (what === 'create') await storage.createIfAbsent('chk-1/_metadata', Buffer.alloc(100_000, 'n'))
if (what === 'replace') await storage.write('_execution', Buffer.alloc(100_000, 'n'))
process.stdout.write('done\n')
