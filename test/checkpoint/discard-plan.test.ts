import { describe, expect, it } from 'vitest'
import { planDiscard } from '../../src/checkpoint/discard-plan.js'
import { handle, task } from './samples.js'

const snapshot = (...paths: string[]) => ({ tasks: [{ ...task, state: paths.map((path) => ({ ...handle, path })) }] })

const files = [
  '_execution',
  'pins/other',
  'notes.txt',
  'chk-2/_metadata',
  'chk-2/part-0-h.json',
  'chk-2/2-0-0-op-a.state',
  'chk-4/_metadata',
  'chk-10/_metadata',
  'chk-5/_metadata',
  'chk-5/part-0-h.json',
  'chk-5/part-1-h.json',
  'chk-5/5-0-0-op-a.state',
  'chk-5/5-1-0-op-b.state',
  'chk-11/part-0-h.json',
  'chk-11/11-0-0-op-a.state',
  'shared/2-0-0-op-s.state',
  'shared/4-0-0-op-s.state',
  'shared/11-0-0-op-s.state',
  'shared/unknown.state',
]

describe('a discard', () => {
  it('takes what is numbered above a closed entry too, since nothing can follow it', () => {
    const facts = { newest: 10, kept: new Map(), metadataFiles: files, dataFiles: [] }
    const above = (plan: ReturnType<typeof planDiscard>) =>
      [...plan.entries, ...plan.parts, ...plan.metadataState].filter((name) => name.includes('11'))
    expect(above(planDiscard(facts))).toEqual([])
    expect(above(planDiscard({ ...facts, final: true }))).toEqual([
      'chk-11/part-0-h.json',
      'chk-11/11-0-0-op-a.state',
      'shared/11-0-0-op-s.state',
    ])
  })

  it('takes what is below the newest and not kept, and state that no kept snapshot refers to', () => {
    const plan = planDiscard({
      newest: 10,
      kept: new Map([[5, snapshot('chk-5/5-1-0-op-b.state', 'shared/2-0-0-op-s.state')]]),
      metadataFiles: files,
      dataFiles: [],
    })
    expect(plan).toEqual({
      entries: ['chk-2/_metadata', 'chk-4/_metadata'],
      parts: ['chk-2/part-0-h.json'],
      metadataState: ['chk-2/2-0-0-op-a.state', 'chk-5/5-0-0-op-a.state', 'shared/4-0-0-op-s.state'],
      dataState: [],
    })
  })

  it('takes no state file where the metadata of something kept cannot be read', () => {
    const kept = new Map([[5, undefined]])
    const plan = planDiscard({ newest: 10, kept, metadataFiles: files, dataFiles: files })
    expect(plan.metadataState).toEqual([])
    expect(plan.dataState).toEqual([])
    expect(plan.entries).toEqual(['chk-2/_metadata', 'chk-4/_metadata'])
  })

  it('judges each root by itself', () => {
    const kept = new Map([[5, snapshot('chk-5/5-0-0-op-a.state')]])
    const plan = planDiscard({
      newest: 10,
      kept,
      metadataFiles: ['chk-5/_metadata'],
      dataFiles: ['chk-5/5-0-0-op-a.state', 'chk-4/4-0-0-op-a.state', 'chk-4/_metadata'],
    })
    expect(plan).toEqual({ entries: [], parts: [], metadataState: [], dataState: ['chk-4/4-0-0-op-a.state'] })
  })
})
