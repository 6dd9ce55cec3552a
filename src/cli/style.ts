import { styleText } from 'node:util'

/** Colours, or none. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  /** A job's state in the colour of how it is doing. */
  state(state: string): string
}

type Env = Readonly<Record<string, string | undefined>>

/** Whether to colour: https://no-color.org, and what other tools understand by FORCE_COLOR. */
export function wantsColor(env: Env, interactive: boolean): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0'
  return interactive && env.TERM !== 'dumb'
}

const good = new Set(['RUNNING', 'FINISHED'])
const bad = new Set(['FAILED', 'FAILING', 'TERMINATED', 'TIMED_OUT'])

export function createStyle(color: boolean): Style {
  // The stream is not asked: whether it takes colours is settled above.
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    color ? styleText(format, text, { validateStream: false }) : text
  return {
    bold: (text) => paint('bold', text),
    dim: (text) => paint('dim', text),
    state: (state) => paint(good.has(state) ? 'green' : bad.has(state) ? 'red' : 'yellow', state),
  }
}
