import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/**
 * Runs a command that must not outlive us, however we end: a kill -9 of this process gives it no chance to clean up, so
 * another process has to notice. That is this shell. Its standard input is the *leash*, whose other end only we hold: the
 * kernel closes it when we are gone, whatever the reason. Then the command gets a SIGTERM, and after so many seconds a
 * SIGKILL. When the command ends by itself the shell ends with its exit code.
 *
 * The waiting for the leash is in a subshell that uses the shell's builtins only, so that ending it, which the shell waits for, leaves nothing behind;
 * the one exception, `sleep 1` while a SIGTERM is being obeyed, ends by itself.
 */
const keeperScript = `
grace=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- & command=$!
{
  while read -r _ <&3; do :; done
  if [ "$grace" -gt 0 ]; then
    kill -TERM "$command" 2>/dev/null
    while [ "$grace" -gt 0 ] && kill -0 "$command" 2>/dev/null; do sleep 1; grace=$((grace - 1)); done
  fi
  kill -KILL "$command" 2>/dev/null
} & leash=$!
exec 3<&-
wait "$command"; code=$?
kill -KILL "$leash" 2>/dev/null
wait "$leash" 2>/dev/null
exit "$code"
`

export interface KeptProcess {
  /** Of the keeper, which is also the process group of everything that it started. */
  readonly pid: number
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves with the exit code (128 + the signal's number where one ended it) when all has ended and all output is read. */
  readonly exited: Promise<number>
  /** Lets go of the leash; `exited` resolves when that has had its effect. */
  release(): void
}

export interface KeptOptions {
  /** How many seconds the command has to obey a SIGTERM; 0: it is killed at once. */
  readonly graceSeconds: number
  /** Default: ours. */
  readonly cwd?: string
  /** Default: ours. */
  readonly env?: NodeJS.ProcessEnv
}

/**
 * Starts a command on a leash (see above), in a session of its own, so that a Ctrl-C at the terminal reaches us and not it.
 *
 * @throws Error when the shell cannot be started
 */
export async function spawnKept(command: string, args: readonly string[], options: KeptOptions): Promise<KeptProcess> {
  const { graceSeconds, ...surroundings } = options
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(
    '/bin/sh',
    ['-c', keeperScript, 'tidemark-keeper', String(graceSeconds), command, ...args],
    { ...surroundings, detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
  )
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  const pid = child.pid as number
  // What is left at the keeper's end is the last `sleep`; or, where the keeper itself was killed, the command.
  child.once('exit', () => killGroup(pid))
  const exited = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 137)))
  child.stdin.on('error', () => {}) // The keeper may be gone before we let go.
  return { pid, stdout: child.stdout, stderr: child.stderr, exited, release: () => child.stdin.end() }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}
