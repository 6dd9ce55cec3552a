import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openStorage, scopedStorage } from '../../src/storage/index.js'
import { storageContract } from './contract.js'
import { temporaryDirectory } from './temporary-directory.js'

storageContract('scoped to a folder', async () =>
  scopedStorage(openStorage(await temporaryDirectory()), 'job/execution'),
)

it('sees and touches its own folder only', async () => {
  const storage = openStorage(`memory://${randomUUID()}`)
  await storage.write('other/x', Buffer.from('x'))
  const scoped = scopedStorage(storage, 'mine')
  await scoped.write('x', Buffer.from('mine'))
  await scoped.delete('other/x')
  expect((await storage.list('')).map((object) => object.name)).toEqual(['mine/x', 'other/x'])
  expect(scoped.uri).toBe(`${storage.uri}/mine`)
})

it('tells of unfinished files by its own names', async () => {
  const directory = await temporaryDirectory()
  await mkdir(join(directory, 'mine/deep'), { recursive: true })
  await writeFile(join(directory, 'mine/deep/.tmp-left'), 'half')
  const told: string[] = []
  await scopedStorage(openStorage(directory), 'mine').tidy('', 'all', async (names) => {
    told.push(...names)
  })
  expect(told).toEqual(['deep/.tmp-left'])
})
