import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { historiesFolder, readHistory } from './record-history.js'
import { replay } from './replay.js'

/** Histories of real jobs, recorded by `npm run histories`; see record-history.ts. */
const names = readdirSync(historiesFolder).filter((name) => name.endsWith('.json'))

describe("recorded histories replay under today's workflow code", () => {
  test('all of them at once', async () => {
    expect(names.length).toBeGreaterThanOrEqual(10)
    const histories = names.map(async (name) => ({ workflowId: name, history: await readHistory(name) }))
    expect(await replay(await Promise.all(histories))).toBe(names.length)
  })

  test('one that today cannot have made does not', async () => {
    const history = await readHistory('finish.json')
    const published = history.events?.find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'writeMetadata',
    )
    Object.assign(published?.activityTaskScheduledEventAttributes?.activityType ?? {}, { name: 'somethingElse' })
    await expect(replay([{ workflowId: 'forged', history }])).rejects.toThrow(/does not replay/)
  })
})
