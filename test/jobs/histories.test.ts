import { readdirSync } from 'node:fs'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { historiesFolder, readHistory, releasedFolder } from './record-history.js'
import { releasedHistories, releaseHistories } from './released-histories.js'
import { replay } from './replay.js'

/** Histories of real jobs, recorded by `npm run histories`; see record-history.ts. Those called `older-…` are from before the patches that the others have, and stay. */
const names = readdirSync(historiesFolder).filter((name) => name.endsWith('.json'))

describe("recorded histories replay under today's workflow code", () => {
  test('all of them at once, and those of every release', async () => {
    expect(names.length).toBeGreaterThanOrEqual(10)
    const all = [...names, ...(await releasedHistories(releasedFolder))]
    const histories = all.map(async (name) => ({ workflowId: name, history: await readHistory(name) }))
    expect(await replay(await Promise.all(histories))).toBe(all.length)
  })

  test('one that today cannot have made does not', async () => {
    const history = await readHistory('finish.json')
    const taken = history.events?.find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'takeCheckpoint',
    )
    Object.assign(taken?.activityTaskScheduledEventAttributes?.activityType ?? {}, { name: 'somethingElse' })
    await expect(replay([{ workflowId: 'forged', history }])).rejects.toThrow(/does not replay/)
  })
})

describe('the histories of a release', () => {
  const released = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-histories-'))
    await releaseHistories(historiesFolder, folder, '1.2.3')
    return folder
  }

  test.each<[string, (version: string) => Promise<void>]>([
    ['changed', (version) => appendFile(join(version, 'finish.json'), '\n')],
    ['removed', (version) => rm(join(version, 'reset.json'))],
    ['added', (version) => appendFile(join(version, 'one-more.json'), '{"events":[]}')],
  ])('are refused with one %s', async (_what, change) => {
    const folder = await released()
    expect(await releasedHistories(folder)).toHaveLength(names.length)
    await change(join(folder, '1.2.3'))
    await expect(releasedHistories(folder)).rejects.toThrow(/release 1\.2\.3 are not what they were/)
    await rm(folder, { recursive: true })
  })

  test('are kept once', async () => {
    const folder = await released()
    await expect(releaseHistories(historiesFolder, folder, '1.2.3')).rejects.toThrow(/already/)
    await rm(folder, { recursive: true })
  })
})
