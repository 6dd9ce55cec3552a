/**
 * A process that writes files, to be killed: `DIRECTORY OPERATION STEP` stops before its STEP-th change of the disk and says so;
 * prints `done` when there are fewer.
 */
import { FileStorage } from '../../src/storage/file/file-storage.js'
import { changesDisk, steppingFileSystem } from './stepping-file-system.js'

const [directory = '', operation, fatal] = process.argv.slice(2)

let changes = 0
const fs = steppingFileSystem(async (step) => {
  if (!changesDisk(step) || changes++ !== Number(fatal)) return
  process.stdout.write('stopped\n')
  // Until killed.
  await new Promise(() => setInterval(() => {}, 1000))
})
const storage = new FileStorage(directory, fs)
if (operation === 'create') await storage.createIfAbsent('chk-1/_metadata', Buffer.alloc(100_000, 'n'))
if (operation === 'replace') await storage.write('_execution', Buffer.alloc(100_000, 'n'))
process.stdout.write('done\n')
