import { expect, test } from 'vitest'
import type { JobState } from '../../src/coordinator/job-state.js'
import type { Phase } from '../../src/coordinator/state.js'
import { isLegal, isLegalJobState, jobStateMoves, phaseMoves } from '../../src/coordinator/transitions.js'

const phases = Object.keys(phaseMoves) as Phase[]
const jobStates = Object.keys(jobStateMoves) as JobState[]

test.each(phases)('from phase %s exactly the listed phases can be reached, and itself', (from) => {
  const reached = phases.filter((to) => isLegal(from, to))
  expect(new Set(reached)).toEqual(new Set([from, ...phaseMoves[from]]))
})

test.each(jobStates)('from job state %s exactly the listed states can be reached, and itself', (from) => {
  const reached = jobStates.filter((to) => isLegalJobState(from, to))
  expect(new Set(reached)).toEqual(new Set([from, ...jobStateMoves[from]]))
})

test('no move is listed twice or leads to where it began', () => {
  for (const [from, moves] of [...Object.entries(phaseMoves), ...Object.entries(jobStateMoves)]) {
    expect(new Set(moves).size).toBe(moves.length)
    expect(moves).not.toContain(from)
  }
})

test('the end is reachable from everywhere and left by nothing', () => {
  const reaches = (from: Phase, seen = new Set<Phase>()): boolean => {
    if (from === 'ended') return true
    seen.add(from)
    return phaseMoves[from].some((to) => !seen.has(to) && reaches(to, seen))
  }
  expect(phases.filter((phase) => !reaches(phase))).toEqual([])
  expect(phaseMoves.ended).toEqual([])
})
