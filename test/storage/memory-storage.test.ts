import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { FileStorage } from '../../src/storage/file/file-storage.js'
import { openStorage } from '../../src/storage/index.js'
import { storageContract } from './contract.js'
import { memoryFileSystem } from './memory-file-system.js'

storageContract('memory', async () => openStorage(`memory://${randomUUID()}`))
storageContract('a folder of memory', async () => openStorage(`memory://${randomUUID()}/some/folder`))

it('is one store for everything in this process that opens the same name', async () => {
  const name = randomUUID()
  await openStorage(`memory://${name}`).write('a/b/c', Buffer.from('x'))
  expect((await openStorage(`memory://${name}`).read('a/b/c')).toString()).toBe('x')
  expect((await openStorage(`memory://${name}/a/`).read('b/c')).toString()).toBe('x')
  expect(await openStorage(`memory://${randomUUID()}`).list('')).toEqual([])
})

it('hands out copies: nobody changes what is stored', async () => {
  const storage = openStorage(`memory://${randomUUID()}`)
  const content = Buffer.from('abc')
  await storage.write('x', content)
  content.fill(0)
  ;(await storage.read('x')).fill(0)
  expect((await storage.read('x')).toString()).toBe('abc')
})

storageContract('file, on a disk in memory', async () => new FileStorage('/store', memoryFileSystem()))
