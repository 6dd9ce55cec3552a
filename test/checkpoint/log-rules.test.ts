import { describe, expect, it } from 'vitest'
import { admit, countsAfter, firstNumber, judgeAbort, visible } from '../../src/checkpoint/log-rules.js'
import { aborted, checkpoint, claim, closed } from './samples.js'

const live = { state: 'live' } as const
const deleted = { state: 'deleted' } as const

describe('admission', () => {
  it('creates the first number, after the restored one', () => {
    expect(firstNumber(live)).toBe(1)
    expect(admit(live, [], undefined, { ...claim, number: 1 })).toEqual({ kind: 'create' })
    expect(admit({ ...live, restoredFrom: { number: 6 } }, [], undefined, claim)).toEqual({ kind: 'create' })
  })

  it('creates the number after the newest', () => {
    expect(admit(live, [3, 6], { ...checkpoint, number: 6 }, claim)).toEqual({ kind: 'create' })
  })

  it('compares where the number has an entry, also below the newest', () => {
    expect(admit(live, [7], claim, claim)).toEqual({ kind: 'compare' })
    expect(admit(live, [7, 9], { ...claim, number: 9 }, claim)).toEqual({ kind: 'compare' })
  })

  it('fences who comes late', () => {
    expect(admit(live, [9], { ...claim, number: 9 }, claim)).toMatchObject({ kind: 'fenced', by: 9 })
    expect(admit(deleted, [], undefined, claim)).toMatchObject({
      kind: 'fenced',
      reason: expect.stringContaining('deleted'),
    })
    expect(admit(undefined, [], undefined, claim)).toMatchObject({ kind: 'fenced' })
  })

  it('refuses holes', () => {
    expect(admit(live, [], undefined, claim)).toMatchObject({ kind: 'hole' })
    expect(admit(live, [5], { ...claim, number: 5 }, claim)).toMatchObject({ kind: 'hole' })
  })

  it('lets only a smaller closed follow a closed', () => {
    const newest = { ...closed, number: 6, alive: [3, 5] }
    expect(admit(live, [6], newest, claim)).toMatchObject({ kind: 'fenced', by: 6 })
    expect(admit(live, [6], newest, checkpoint)).toMatchObject({ kind: 'fenced', by: 6 })
    expect(admit(live, [6], newest, aborted)).toMatchObject({ kind: 'fenced', by: 6 })
    expect(admit(live, [6], newest, { ...closed, alive: [3, 5] })).toMatchObject({ kind: 'fenced' })
    expect(admit(live, [6], newest, { ...closed, alive: [4] })).toMatchObject({ kind: 'fenced' })
    expect(admit(live, [6], newest, { ...closed, alive: [5] })).toEqual({ kind: 'create' })
    expect(admit(live, [6], newest, { ...closed, alive: [] })).toEqual({ kind: 'create' })
    const { committedThrough } = newest
    const committed = { ...closed, alive: [3, 5], committedThrough: committedThrough + 1 }
    expect(admit(live, [6], newest, committed)).toEqual({ kind: 'create' })
    const less = { ...closed, alive: [5], committedThrough: committedThrough - 1 }
    expect(admit(live, [6], newest, less)).toMatchObject({ kind: 'fenced' })
  })
})

describe('an append counts', () => {
  it('where it is the newest and the record is live', () => {
    expect(countsAfter([3, 7], live, 7)).toEqual({ counts: true })
  })

  it('not after a higher one, a deletion, or a discard of itself', () => {
    expect(countsAfter([3, 7, 8], live, 7)).toMatchObject({ counts: false, by: 8 })
    expect(countsAfter([3, 7], deleted, 7)).toMatchObject({ counts: false })
    expect(countsAfter([3, 7], undefined, 7)).toMatchObject({ counts: false })
    expect(countsAfter([3], live, 7)).toMatchObject({ counts: false })
  })
})

describe('an undecided number', () => {
  const publication = { owner: checkpoint.owner, nonce: checkpoint.nonce }
  it.each([
    ['its own publication', checkpoint, 'adopt'],
    ['another publication of the same owner', { ...checkpoint, nonce: 'other' }, 'fenced'],
    ["another run's publication", { ...checkpoint, owner: { claim: 5, run: 'other' } }, 'fenced'],
    ["another claim's publication", { ...checkpoint, owner: { ...checkpoint.owner, claim: 4 } }, 'fenced'],
    ['its own aborted, of any try', { ...aborted, nonce: 'other' }, 'aborted'],
    ["another run's aborted", { ...aborted, owner: { claim: 5, run: 'other' } }, 'fenced'],
    ['a claim', claim, 'fenced'],
    ['a closed', { ...closed, nonce: checkpoint.nonce }, 'fenced'],
  ] as const)('that holds %s', (_, found, verdict) => {
    expect(judgeAbort(found, publication)).toBe(verdict)
  })
})

it('what exists is what the newest entry keeps while the record is live', () => {
  expect(visible(live, checkpoint)).toEqual([3, 6, 7])
  expect(visible(deleted, checkpoint)).toEqual([])
  expect(visible(undefined, checkpoint)).toEqual([])
  expect(visible(live, undefined)).toEqual([])
})
