import { closeSync, openSync, writeSync } from 'node:fs'

/** The same input on every machine: a generator of our own, seeded. In [0, 1). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Lines of eight words, few of them frequent; answers how many words. */
export function writeWords(file: string, lines: number): number {
  const random = seeded(1)
  const words = Array.from({ length: 20_000 }, (_, n) => `w${n.toString(36)}${'abcdef'.slice(0, n % 5)}`)
  writeLines(file, lines, () => {
    const line: string[] = []
    for (let n = 0; n < 8; n++) line.push(words[Math.floor(random() ** 3 * words.length)] ?? '')
    return line.join(' ')
  })
  return lines * 8
}

/** One order a line, of 100,000 users from `firstUser` on; answers how many. */
export function writeOrders(file: string, lines: number, firstUser = 0): number {
  const random = seeded(2)
  writeLines(file, lines, (n) => {
    const user = `user-${firstUser + Math.floor(random() * 100_000)}`
    const amount = Math.floor(random() * 1000)
    return `{"id":${n + 1_000_000},"user":"${user}","amount":${amount},"city":"Amsterdam","tag":"abcdefghijklmno"}`
  })
  return lines
}

function writeLines(file: string, lines: number, make: (line: number) => string): void {
  const descriptor = openSync(file, 'w')
  let block = ''
  for (let line = 0; line < lines; line++) {
    block += `${make(line)}\n`
    if (block.length > 1 << 20 || line === lines - 1) {
      writeSync(descriptor, block)
      block = ''
    }
  }
  closeSync(descriptor)
}
