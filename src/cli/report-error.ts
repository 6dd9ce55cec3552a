import { CommanderError } from 'commander'
import { isTidemarkError, messageOf } from '../errors.js'
import { exitCodes } from './exit-codes.js'
import type { Terminal } from './terminal.js'
import { UsageError } from './usage-error.js'

/** Tells a failure in one sentence, and answers the exit code. */
export function reportError(error: unknown, terminal: Terminal, verbose: boolean): number {
  terminal.clearStatus()
  if (error instanceof CommanderError) {
    // Commander has written its help or message by now.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  }
  terminal.warn(`tidemark: ${oneLine(error)}`)
  if (verbose) terminal.warn(traceOf(error))
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failed
}

/** Compilers talk in several lines. What a server printed last stays as it was. */
function oneLine(error: unknown): string {
  const sentence = sentenceOf(error)
  return isTidemarkError(error, 'TemporalUnreachable') ? sentence : sentence.trim().replace(/\s*\n\s*/g, ' ')
}

/** An error of gRPC says what happened in its cause only. */
function sentenceOf(error: unknown): string {
  const cause = error instanceof Error && error.name === 'ServiceError' ? error.cause : undefined
  return cause === undefined ? messageOf(error) : `${messageOf(error)} (${messageOf(cause)})`
}

function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const trace = error.stack ?? error.message
  return error.cause === undefined ? trace : `${trace}\ncaused by: ${traceOf(error.cause)}`
}

/** Commander's words on one line, in ours: `Unknown command 'lst' (did you mean list?): see "tidemark --help".` */
export function usageSentence(command: string, text: string): string {
  const [first = '', hint] = text
    .trim()
    .replace(/^error: /, '')
    .split('\n')
  const meant = hint === undefined ? '' : ` ${hint.replace('Did', 'did')}`
  return `tidemark: ${first.replace(/\.$/, '')}${meant}: see "${command} --help".\n`
}
