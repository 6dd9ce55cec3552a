import { expect, test } from 'vitest'
import { carryOver } from '../../src/coordinator/decide.js'
import type { CoordinatorState } from '../../src/coordinator/state.js'
import { renderDetails, viewCheckpoints, viewStatus } from '../../src/coordinator/view.js'
import { maxJobSpecBytes } from '../../src/spec/job-spec.js'
import { jsonBytes } from '../../src/spec/json-value.js'
import { maxPayloadBytes } from '../../src/temporal/payload-converter.js'
import { newState, specOf } from './fixtures.js'

/** Of a failure, characters: what activities cut it to, as UTF-8 at its worst. */
const message = '…'.repeat(2_000)

/** A job that has as much of everything as it may have. */
function largest(): CoordinatorState {
  const options = { checkpointing: { numRetained: 1_000 }, settings: { historySize: 100 } }
  const state = newState(options)
  const alive = Array.from({ length: 1_001 }, (_, index) => 999_999_999 - 1_001 + index)
  return {
    ...state,
    phase: 'running',
    hosts: Array.from({ length: 64 }, (_, index) => `${'h'.repeat(60)}-${index}`),
    spec: { ...specOf(options), args: { text: 'x'.repeat(maxJobSpecBytes) } },
    alive,
    latest: alive.at(-1) ?? 0,
    lastFailure: { code: 'TaskFailed', message },
    note: message.repeat(3),
    deployment: { guarantee: 'exactly-once', tasks: 32_768, restoredRecords: 1e15, positions: Array(3).fill(message) },
    history: alive.slice(0, 100).map((number) => ({
      ...({ number, kind: 'checkpoint', status: 'failed', reason: message } as const),
      ...{ triggeredAt: new Date(0).toISOString(), durationMs: 1e9, size: 1e15, fullSize: 1e15, records: 1e15 },
    })),
  }
}

test('the largest job fits into what Temporal takes, with room to spare', () => {
  const state = largest()
  const notices = Array(5).fill(message) as string[]
  const input = { definition: 'a', args: state.spec.args }
  const carry = { version: 1, state: carryOver(state), notices }
  expect(jsonBytes(carry)).toBeLessThan(maxPayloadBytes)
  // The server takes 4 MB in a message: the command to continue as new has both.
  expect(jsonBytes(input) + jsonBytes(carry)).toBeLessThan(2 * 1024 * 1024)
  for (const answer of [viewStatus(state, notices), viewCheckpoints(state), renderDetails(state, notices)]) {
    expect(jsonBytes(answer)).toBeLessThan(maxPayloadBytes)
  }
})
