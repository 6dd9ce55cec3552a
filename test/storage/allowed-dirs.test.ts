import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isBelow } from '../../src/storage/index.js'
import { temporaryDirectory } from './temporary-directory.js'

it('holds for the directory itself and what is below, existing or not', async () => {
  const directory = await temporaryDirectory()
  await mkdir(join(directory, 'out'))
  for (const place of ['', 'out', 'out/deep/er', 'out/../out', 'not yet']) {
    expect(await isBelow(join(directory, place), [directory])).toBe(true)
  }
  expect(await isBelow(join(directory, 'out'), ['/nowhere', `file://${directory}/out/`])).toBe(true)
})

it('does not hold for neighbours, parents, or what climbs out', async () => {
  const directory = await temporaryDirectory()
  await mkdir(join(directory, 'out'))
  for (const place of ['outer', 'out/../x', 'out/../../x', '.']) {
    expect(await isBelow(join(directory, place), [join(directory, 'out')])).toBe(false)
  }
  expect(await isBelow(directory, [])).toBe(false)
})

it('follows links on the way, also one whose target is still missing', async () => {
  const directory = await temporaryDirectory()
  const outside = await temporaryDirectory()
  await symlink(outside, join(directory, 'escape'))
  await symlink(join(outside, 'missing'), join(directory, 'dangling'))
  await symlink(directory, join(outside, 'back'))
  expect(await isBelow(join(directory, 'escape/x'), [directory])).toBe(false)
  expect(await isBelow(join(directory, 'dangling/x'), [directory])).toBe(false)
  expect(await isBelow(join(outside, 'back/x/y'), [directory])).toBe(true)
  expect(await isBelow(directory, [join(outside, 'back')])).toBe(true)
})

it('refuses a circle of links', async () => {
  const directory = await temporaryDirectory()
  await symlink(join(directory, 'b'), join(directory, 'a'))
  await symlink(join(directory, 'a'), join(directory, 'b'))
  await expect(isBelow(join(directory, 'a/x'), [directory])).rejects.toMatchObject({ code: 'StorageUnavailable' })
})

it('compares other schemes by text', async () => {
  expect(await isBelow('memory://lab/out/x', ['memory://lab/out'])).toBe(true)
  expect(await isBelow('memory://lab/outer', ['memory://lab/out'])).toBe(false)
  expect(await isBelow('memory://lab', [await temporaryDirectory()])).toBe(false)
})
