import type { CheckpointStatistics } from '../../client/index.js'
import { formatBytes, formatCount, formatElapsed } from './text.js'

/** `chk-12  12,345 records  12.3 kB in 34 ms`, or why it failed. */
export function checkpointLine(row: CheckpointStatistics): string {
  const name = `chk-${row.number}`.padEnd(7)
  const took = formatElapsed(row.durationMs)
  if (row.status === 'failed') return `${name} failed after ${took}: ${row.reason ?? 'the reason is not known'}`
  return `${name} ${formatCount(row.records)} records  ${sizes(row)} in ${took}`
}

/** What was written, and what a restore reads where that is more. */
function sizes({ size, fullSize }: CheckpointStatistics): string {
  return fullSize > size ? `${formatBytes(size)} of ${formatBytes(fullSize)}` : formatBytes(size)
}
