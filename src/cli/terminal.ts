import { createStyle, type Style, wantsColor } from './style.js'

/** Where a verb writes. */
export interface Terminal {
  /** A person reads it as it appears: lines may be rewritten. */
  readonly interactive: boolean
  readonly style: Style
  /** Of the window now. */
  columns(): number
  /** Lines on stdout, above the status line. */
  print(...lines: string[]): void
  /** Lines on stderr. */
  warn(...lines: string[]): void
  /** Rewrites the last line, cut to the window; nothing where no person watches. */
  showStatus(line: string): void
  clearStatus(): void
}

const eraseLine = '\r\u001b[2K'

export function openTerminal(
  stdout: NodeJS.WriteStream = process.stdout,
  stderr: NodeJS.WriteStream = process.stderr,
  env: NodeJS.ProcessEnv = process.env,
): Terminal {
  const interactive = stdout.isTTY === true && env.TERM !== 'dumb'
  let status = ''
  // A reader that has seen enough (`| head`) is no fault.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  const columns = () => stdout.columns ?? 80
  const draw = () => (status === '' ? '' : cutToWidth(status, columns() - 1))
  const write = (stream: NodeJS.WriteStream, lines: readonly string[]) => {
    const text = lines.map((line) => `${line}\n`).join('')
    if (!interactive || status === '') {
      stream.write(text)
      return
    }
    stdout.write(eraseLine)
    stream.write(text)
    stdout.write(draw())
  }
  return {
    interactive,
    style: createStyle(wantsColor(env, interactive)),
    columns,
    print: (...lines) => write(stdout, lines),
    warn: (...lines) => write(stderr, lines),
    showStatus(line) {
      if (!interactive) return
      status = line
      stdout.write(eraseLine + draw())
    },
    clearStatus() {
      if (!interactive || status === '') return
      status = ''
      stdout.write(eraseLine)
    },
  }
}

/** Cuts to a width: a line that wraps could not be rewritten. Escape sequences take no room, and are ended. */
export function cutToWidth(line: string, width: number): string {
  let room = Math.max(1, width)
  let shown = ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith('\u001b[')) shown += part
    else if (part.length <= room) {
      shown += part
      room -= part.length
    } else {
      const end = line.includes('\u001b[') ? '\u001b[0m' : ''
      return `${shown}${part.slice(0, Math.max(0, room - 1))}…${end}`
    }
  }
  return shown
}
