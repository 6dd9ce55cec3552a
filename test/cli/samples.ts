import type { CheckpointStatistics, JobDescription, StatusView } from '../../src/client/index.js'

export const now = Date.parse('2026-05-01T12:00:00.000Z')

export function ago(seconds: number): string {
  return new Date(now - seconds * 1_000).toISOString()
}

export function description(more: Partial<JobDescription> = {}): JobDescription {
  return {
    id: 'flights-eu',
    execution: '01a2037f-0cf6-7632-a4d3-cdb868022744',
    definition: 'flights',
    state: 'RUNNING',
    running: true,
    startedAt: ago(100),
    kept: [],
    restarts: 0,
    ...more,
  }
}

export function status(more: Partial<StatusView> = {}): StatusView {
  return {
    job: 'flights-eu',
    definition: 'flights',
    execution: '01a2037f-0cf6-7632-a4d3-cdb868022744',
    state: 'RUNNING',
    activity: 'Running.',
    attempt: 1,
    restarts: 0,
    hosts: ['h1'],
    checkpointing: 'every 1s',
    counts: { triggered: 0, completed: 0, failed: 0, restarts: 0 },
    notices: [],
    kept: [],
    deployment: { guarantee: 'exactly-once', tasks: 1, restoredRecords: 0, positions: ['flights.ndjson at byte 0'] },
    ...more,
  }
}

export function row(number: number, more: Partial<CheckpointStatistics> = {}): CheckpointStatistics {
  return {
    number,
    kind: 'checkpoint',
    status: 'completed',
    triggeredAt: ago(50 - number),
    durationMs: 34,
    size: 12_300,
    fullSize: 12_300,
    records: number * 1_000,
    ...more,
  }
}

export const latest = {
  number: 7,
  uri: 'file:///ck/flights-eu/01a2037f/chk-7',
  triggeredAt: ago(3),
  durationMs: 34,
  size: 12_300,
  records: 7_000,
}
