import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram, withFlinkSpellings } from '../../src/cli/program.js'
import { reportError } from '../../src/cli/report-error.js'
import { addSpecOptions, requestFrom, type SpecOptions } from '../../src/cli/spec-options.js'
import { UsageError } from '../../src/cli/usage-error.js'
import { TidemarkError } from '../../src/errors.js'
import { normalizeUri } from '../../src/storage/index.js'
import { fakeContext } from './fake-context.js'

/** Runs a command line that fails before it reaches Temporal. */
async function run(...args: string[]): Promise<{ exitCode: number; err: string }> {
  const { context, err } = fakeContext()
  const program = createProgram(context)
  const written: string[] = []
  const capture = (command: typeof program): void => {
    command.configureOutput({
      writeErr: (text) => void written.push(text),
      writeOut: (text) => void written.push(text),
    })
    command.commands.forEach(capture)
  }
  capture(program)
  try {
    await program.parseAsync(args, { from: 'user' })
    return { exitCode: 0, err: '' }
  } catch (error) {
    const exitCode = reportError(error, context.terminal, false)
    return { exitCode, err: [...written, ...err.map((line) => `${line}\n`)].join('') }
  }
}

describe('a wrong command line', () => {
  it.each([
    [['lst'], `tidemark: unknown command 'lst' (did you mean list?): see "tidemark --help".\n`],
    [
      ['checkpoints', 'verfy'],
      `tidemark: unknown command 'verfy' (did you mean verify?): see "tidemark checkpoints --help".\n`,
    ],
    [
      ['run', 'x', '--intervl', '1s'],
      `tidemark: unknown option '--intervl' (did you mean --interval?): see "tidemark run --help".\n`,
    ],
    [['run'], `tidemark: missing required argument 'definition': see "tidemark run --help".\n`],
    [
      ['run', 'x', '--from'],
      `tidemark: option '-s, --from <checkpoint>' argument missing: see "tidemark run --help".\n`,
    ],
    [
      ['cancel', 'x', '--retain', '--delete'],
      `tidemark: option '--retain' cannot be used with option '--delete': see "tidemark cancel --help".\n`,
    ],
    [
      ['resume', 'x', '--fresh', '--from', 'latest'],
      `tidemark: option '--fresh' cannot be used with option '-s, --from <checkpoint>': see "tidemark resume --help".\n`,
    ],
    [
      ['run', 'x', '--args', '{]'],
      `tidemark: --args is no JSON: at line 1, column 2 there is "]" where a name in double quotes or "}" should be; in a shell, put single quotes around JSON.\n`,
    ],
    [
      ['run', 'x', '--interval', '1 fortnight'],
      'tidemark: Invalid job spec: checkpointing.interval must be a duration such as 500ms, 10s, 10min or 1h, or a number of milliseconds, got "1 fortnight".\n',
    ],
    [
      ['run', 'x', '--num-retained', 'many'],
      'tidemark: Invalid job spec: checkpointing.numRetained must be a number, got "many".\n',
    ],
    [
      ['run', 'x', '--spec', '{"checkpointing": {"intervall": 1}}'],
      'tidemark: Invalid job spec: checkpointing.intervall is not a known key (did you mean "interval"?).\n',
    ],
    [
      ['run', '../x'],
      'tidemark: Invalid job spec: definition must begin with an ASCII letter or digit, go on with letters, digits, ".", "_" and "-", and be at most 128 long, got "../x".\n',
    ],
  ])('%j is one sentence and exit code 2', async (args, sentence) => {
    expect(await run(...args)).toEqual({ exitCode: 2, err: sentence })
  })

  it('without a verb is the help', async () => {
    const { exitCode, err } = await run()
    expect(exitCode).toBe(2)
    expect(err).toMatch(/^Usage: tidemark/)
  })
})

describe('a failure', () => {
  function report(error: unknown, verbose = false): { exitCode: number; err: string[] } {
    const { context, err } = fakeContext()
    return { exitCode: reportError(error, context.terminal, verbose), err }
  }

  it('is its sentence and exit code 1', () => {
    expect(report(new TidemarkError('JobNotFound', 'There is none.'))).toEqual({
      exitCode: 1,
      err: ['tidemark: There is none.'],
    })
    expect(report(new Error('It broke:\n  in line 2\n')).err).toEqual(['tidemark: It broke: in line 2'])
    expect(report('thrown text')).toEqual({ exitCode: 1, err: ['tidemark: thrown text'] })
    expect(report(new UsageError('No.'))).toEqual({ exitCode: 2, err: ['tidemark: No.'] })
    expect(report(new CommanderError(0, 'commander.helpDisplayed', ''))).toEqual({ exitCode: 0, err: [] })
  })

  it('shows where it comes from, and what caused it, only when asked', () => {
    const [, trace] = report(new Error('outer', { cause: new TypeError('inner') }), true).err
    expect(trace).toMatch(/^Error: outer\n\s+at .*\ncaused by: TypeError: inner\n\s+at /s)
  })
})

describe('options become a request', () => {
  const base = { definition: 'd' }
  const request = (options: SpecOptions) => requestFrom(options, base)

  it('that has only what was asked for', () => {
    expect(request({})).toEqual(base)
  })

  it('with every setting in its place', () => {
    const options = {
      interval: '1s',
      timeout: '2min',
      minPause: '0',
      tolerableFailures: '2',
      retention: 'delete_on_cancellation',
      numRetained: '5',
      parallelism: '2',
      restartStrategy: 'none',
      from: 'chk-3',
      allowNonRestoredState: true,
      claimMode: 'no_claim',
    }
    expect(request(options)).toEqual({
      definition: 'd',
      parallelism: 2,
      checkpointing: {
        interval: '1s',
        timeout: '2min',
        minPause: '0',
        tolerableFailedCheckpoints: 2,
        retention: 'DELETE_ON_CANCELLATION',
        numRetained: 5,
      },
      restartStrategy: { type: 'none' },
      restore: { from: 'chk-3', claimMode: 'NO_CLAIM', allowNonRestoredState: true },
    })
  })

  it('in which an option wins over --spec, and that over what the job did before', () => {
    const before = { definition: 'd', parallelism: 3, checkpointing: { interval: 1, timeout: 2, numRetained: 3 } }
    const spec = '{"parallelism": 4, "checkpointing": {"timeout": 20, "numRetained": 30}}'
    expect(requestFrom({ spec, numRetained: '300' }, before)).toEqual({
      definition: 'd',
      parallelism: 4,
      checkpointing: { interval: 1, timeout: 20, numRetained: 300 },
    })
  })

  it('with a path that means the same everywhere', () => {
    expect(request({ from: 'ck/j/e/chk-3' }).restore).toEqual({ from: normalizeUri('ck/j/e/chk-3') })
    expect(request({ from: 'none' }).restore).toEqual({ from: 'none' })
  })
})

it("knows Flink's spellings", () => {
  expect(withFlinkSpellings(['run', '-s', 'p', '-restoreMode', 'claim', '-n'])).toEqual([
    'run',
    '-s',
    'p',
    '--claim-mode',
    'claim',
    '-n',
  ])
})

it('names every option of the request for resume and fork too', () => {
  const { context } = fakeContext()
  const program = createProgram(context)
  const flags = (verb: string) =>
    program.commands.find((command) => command.name() === verb)?.options.map(({ long }) => long)
  const common = addSpecOptions(createProgram(context).command('x'), '').options.map(({ long }) => long)
  for (const verb of ['run', 'resume', 'fork']) expect(flags(verb)).toEqual(expect.arrayContaining(common))
})
