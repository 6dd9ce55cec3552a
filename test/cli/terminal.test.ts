import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createStyle, wantsColor } from '../../src/cli/style.js'
import { cutToWidth, openTerminal } from '../../src/cli/terminal.js'

/** A stream that remembers what was written, as a terminal of this width, or none. */
function stream(columns?: number): { stream: NodeJS.WriteStream; written: () => string } {
  const through = new PassThrough()
  const sized = Object.assign(through, columns === undefined ? {} : { isTTY: true, columns })
  return { stream: sized as unknown as NodeJS.WriteStream, written: () => through.read()?.toString() ?? '' }
}

describe('on a terminal', () => {
  it('keeps the status below what is printed, cut to the window', () => {
    const out = stream(20)
    const terminal = openTerminal(out.stream, out.stream, {})
    terminal.showStatus('RUNNING  12,345 records  100/s')
    expect(out.written()).toBe('\r\u001b[2KRUNNING  12,345 re…')
    terminal.print('chk-1')
    expect(out.written()).toBe('\r\u001b[2Kchk-1\nRUNNING  12,345 re…')
    terminal.clearStatus()
    expect(out.written()).toBe('\r\u001b[2K')
    terminal.warn('done')
    expect(out.written()).toBe('done\n')
  })

  it('is as wide as the window is at the moment', () => {
    const out = stream(20)
    const terminal = openTerminal(out.stream, out.stream, {})
    terminal.showStatus('0123456789')
    out.written()
    out.stream.columns = 6
    terminal.print('x')
    expect(out.written()).toBe('\r\u001b[2Kx\n0123…')
  })
})

describe('into a pipe', () => {
  it('writes lines only', () => {
    const out = stream()
    const err = stream()
    const terminal = openTerminal(out.stream, err.stream, {})
    terminal.showStatus('RUNNING')
    terminal.print('a', 'b')
    terminal.warn('c')
    terminal.clearStatus()
    expect(out.written()).toBe('a\nb\n')
    expect(err.written()).toBe('c\n')
    expect(terminal.interactive).toBe(false)
  })
})

it('takes a dumb terminal for a pipe', () => {
  expect(openTerminal(stream(80).stream, stream().stream, { TERM: 'dumb' }).interactive).toBe(false)
})

it('cuts by what is seen, and ends colours', () => {
  expect(cutToWidth('abc', 3)).toBe('abc')
  expect(cutToWidth('abcd', 3)).toBe('ab…')
  expect(cutToWidth('\u001b[32mabc\u001b[39m', 3)).toBe('\u001b[32mabc\u001b[39m')
  expect(cutToWidth('\u001b[32mabcd\u001b[39m', 3)).toBe('\u001b[32mab…\u001b[0m')
})

it.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '', FORCE_COLOR: '' }, true, true],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ TERM: 'dumb' }, true, false],
])('with %j and a terminal: %s, colours: %s', (env, interactive, colours) => {
  expect(wantsColor(env, interactive)).toBe(colours)
})

it('colours states only where colours are wanted', () => {
  expect(createStyle(false).state('FAILED')).toBe('FAILED')
  expect(createStyle(true).state('FAILED')).toBe('\u001b[31mFAILED\u001b[39m')
  expect(createStyle(true).state('RUNNING')).toBe('\u001b[32mRUNNING\u001b[39m')
})
