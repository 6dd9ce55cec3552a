import type { Command } from '../../src/coordinator/commands.js'

const numbered = ['number', 'base', 'committedThrough', 'alive', 'intendedAlive', 'kept']

/**
 * Commands as they would read had no new run begun: its claim took one number (`shift`), which moves all from `pivot` on;
 * who claimed, and what is unique about an entry, is left out.
 */
export function afterHandOver(commands: readonly Command[], pivot: number, shift: number): unknown {
  const earlier = (number: number) => (number >= pivot ? number - shift : number)
  const text = JSON.stringify(commands, (key, value) => {
    if (key === 'claim' || key === 'nonce') return undefined
    if (typeof value === 'number' && numbered.includes(key)) return earlier(value)
    if (Array.isArray(value) && numbered.includes(key)) return value.map(earlier)
    if (typeof value === 'string') return value.replace(/chk-(\d+)/g, (_, n) => `chk-${earlier(Number(n))}`)
    return value
  })
  return JSON.parse(text)
}
