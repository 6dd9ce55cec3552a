import { describe, expect, test } from 'vitest'
import { type JournalStep, planPowerCut, type Undo } from './power-cut.js'

let clock = 0
const step = (op: string, path: string, more: Partial<JournalStep> = {}): JournalStep => {
  clock += 2
  return { id: String(clock), op, path, begin: clock, end: clock + 1, ...more }
}
const undone = (journal: readonly JournalStep[], random?: () => number) =>
  planPowerCut(journal, random).map((undo: Undo) => `${undo.undo} ${undo.undo === 'truncate' ? undo.ino : undo.path}`)

/** A file written as it should be, and then named. */
const placed = (name: string) => [
  step('create', '/d/tmp', { ino: 1 }),
  step('write', '/d/tmp', { ino: 1, size: 5 }),
  step('sync', '/d/tmp', { ino: 1 }),
  step('rename', `/d/${name}`, { from: '/d/tmp', ino: 1, graveFrom: '/g/1' }),
]

describe('planPowerCut', () => {
  test('takes the names back that were not synced, the last first', () => {
    expect(undone(placed('a'))).toEqual(['restore /d/tmp', 'remove /d/a', 'remove /d/tmp'])
    expect(undone([...placed('a'), step('syncFolder', '/d')])).toEqual([])
  })

  test('a sync that had begun before the change ended says nothing about it', () => {
    const sync = step('syncFolder', '/d')
    const late = step('unlink', '/d/a', { grave: '/g/2', begin: sync.begin, end: sync.begin + 1 })
    expect(undone([sync, late])).toEqual(['restore /d/a'])
  })

  test('neither does one that did not end, or failed', () => {
    const { end: _, ...unfinished } = step('syncFolder', '/d')
    const remove = step('unlink', '/d/a', { grave: '/g/2' })
    expect(undone([remove, unfinished])).toEqual(['restore /d/a'])
    expect(undone([remove, step('syncFolder', '/d', { failed: 'EIO' })])).toEqual(['restore /d/a'])
  })

  test('content is lost down to what a sync of the file covers', () => {
    const journal = [
      step('create', '/d/a', { ino: 7 }),
      step('syncFolder', '/d'),
      step('write', '/d/a', { ino: 7, size: 5 }),
      step('sync', '/d/a', { ino: 7 }),
      step('write', '/d/a', { ino: 7, size: 9 }),
    ]
    expect(planPowerCut(journal)).toEqual([
      { undo: 'truncate', ino: 7, size: 5, names: ['/d/a', '/d/a', '/d/a', '/d/a'] },
    ])
  })

  test('of a rename between two folders at least one name is left', () => {
    const move = step('rename', '/out/a', { from: '/pending/a', ino: 3, graveFrom: '/g/3' })
    expect(undone([move, step('syncFolder', '/out')])).toEqual(['restore /pending/a'])
    expect(undone([move, step('syncFolder', '/pending')])).toEqual(['restore /pending/a', 'remove /out/a'])
    const answers = [0.8, 0.2]
    expect(undone([move], () => answers.shift() ?? 0)).toEqual(['restore /pending/a', 'remove /out/a'])
  })

  test('what a process died in is durable once a later sync covers it', () => {
    const { end: _, ...unfinished } = step('rename', '/out/a', { from: '/pending/a', ino: 3, graveFrom: '/g/3' })
    const soon = step('syncFolder', '/out', { begin: unfinished.begin + 10, end: unfinished.begin + 20 })
    expect(undone([unfinished, soon])).toEqual(['restore /pending/a', 'remove /out/a'])
    const later = step('syncFolder', '/out', { begin: unfinished.begin + 2e6, end: unfinished.begin + 2e6 + 1 })
    expect(undone([unfinished, later])).toEqual(['restore /pending/a'])
  })

  test('by chance a name survives as a whole, whatever happened to it', () => {
    const journal = [step('create', '/d/a', { ino: 1 }), step('unlink', '/d/a', { grave: '/g/1' })]
    expect(undone(journal, () => 0.2)).toEqual([])
    expect(undone(journal, () => 0.8)).toEqual(['restore /d/a', 'remove /d/a'])
  })
})
