import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type FileSystem, localFileSystem } from '../../src/connectors/files/file-system.js'
import { filesSink } from '../../src/connectors/files/files.js'
import { namesIn } from './files-place.js'
import { scratch } from './scratch.js'
import { TinyJob } from './tiny-job.js'

/** The local disk, of which one call fails as the system would. */
function failing(call: keyof FileSystem, code: string): FileSystem {
  const fail = () => {
    throw Object.assign(new Error(`${code}: as the test says, ${call}`), { code, syscall: call })
  }
  return { ...localFileSystem, [call]: call === 'openNew' || call === 'append' ? fail : async () => fail() }
}

describe('before the first record an output directory', () => {
  test.each([
    ['EACCES', 'makeDirectory', /Sink 'sink' cannot use its output directory: Cannot write to \S+: EACCES, give this/],
    ['EROFS', 'openNew', /EROFS, the file system is read-only: mount it writable/],
    ['ENOSPC', 'append', /ENOSPC, no space is left on the disk: free some/],
    ['ENOSPC', 'sync', /ENOSPC/],
    ['EPERM', 'createWhole', /EPERM/],
    ['EACCES', 'move', /EACCES/],
    ['EACCES', 'remove', /EACCES/],
  ] as const)('that refuses with %s in %s is refused, and nothing is left in it', async (code, call, message) => {
    const directory = scratch()
    const refusal = { code: 'InvalidConfiguration', path: directory, message: expect.stringMatching(message) }
    const sink = filesSink(directory, failing(call, code))
    await expect(new TinyJob().begin(sink, undefined).start()).rejects.toMatchObject(refusal)
    if (call !== 'remove') expect(namesIn(directory, 'in-progress')).toEqual([])
  })

  test('that does not answer is waited for', async () => {
    const directory = scratch()
    const sink = filesSink(directory, failing('sync', 'EIO'))
    await expect(new TinyJob().begin(sink, undefined).start()).rejects.toMatchObject({
      code: 'StorageUnavailable',
      message: expect.stringMatching(/^Cannot write to \S+: EIO, the device reports an input\/output error/),
    })
  })

  test('in which a renamed file cannot be found is refused', async () => {
    const directory = scratch()
    const sink = filesSink(directory, { ...localFileSystem, size: async () => undefined })
    await expect(new TinyJob().begin(sink, undefined).start()).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining('is not there whole'),
    })
  })
})

test('a later attempt waits for the room that it needs', async () => {
  const directory = scratch()
  let full = false
  const sink = filesSink(directory, {
    ...localFileSystem,
    makeDirectory: (path) => (full ? failing('makeDirectory', 'ENOSPC') : localFileSystem).makeDirectory(path),
  })
  const execution = new TinyJob().begin(sink, undefined)
  await execution.start()
  await execution.close()
  full = true
  await expect(execution.start()).rejects.toMatchObject({
    code: 'StorageUnavailable',
    details: { refused: 'ENOSPC' },
    message: expect.stringMatching(
      /^Cannot recover the output in \S+: ENOSPC, no space is left on the disk: free some/,
    ),
  })
  full = false
  await execution.start()
  await execution.close()
})

test('what the system refuses while records flow is told with the path', async () => {
  const directory = scratch()
  mkdirSync(join(directory, 'x'), { recursive: true })
  let full = false
  const sink = filesSink(directory, {
    ...localFileSystem,
    openNew: (path) => (full ? failing('openNew', 'ENOSPC') : localFileSystem).openNew(path),
  })
  const execution = new TinyJob().begin(sink, undefined)
  await execution.start()
  full = true
  expect(() => execution.write(1)).toThrow(/^Cannot create \S+in-progress\S+: ENOSPC, no space is left on the disk/)
  await execution.close()
})
