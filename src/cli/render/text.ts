import { formatDuration } from '../../spec/duration.js'

/** `20,000`: always with commas, so that output does not depend on the machine's language. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US')
}

/** `1 restart`, `2 restarts`, `no restarts`. */
export function plural(count: number, noun: string): string {
  return `${count === 0 ? 'no' : formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `512 B`, `12.3 kB`, `1.2 GB`: powers of 1000, three digits. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes / 1_000
  let unit = 0
  // 999.95 would be written as 1000.0.
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1_000
    unit++
  }
  return `${value.toFixed(1)} ${units[unit]}`
}

/** How long something took: `34 ms`, `1.2 s`, `90s`. */
export function formatElapsed(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  return formatDuration(Math.floor(ms / 1_000) * 1_000)
}

/** `3 s ago`, `5 min ago`, `2 h ago`, `4 d ago`. Clocks differ a little, so what seems to come is `now`. */
export function formatAge(at: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(at)) / 1_000)
  if (Number.isNaN(seconds)) return 'at an unknown time'
  if (seconds < 1) return 'now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** Enough of an execution's id to tell it from others: ids begin with the time, to the millisecond. */
export function shortId(execution: string): string {
  return execution.slice(0, 13)
}

/** `chk-3, chk-4`. */
export function listCheckpoints(numbers: readonly number[]): string {
  return numbers.map((number) => `chk-${number}`).join(', ')
}
