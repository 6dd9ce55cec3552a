import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Log } from './progress.js'

export interface RunToolOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Gets each line of the tool's standard output. */
  readonly onLine?: Log
}

/**
 * Runs a program to its end.
 *
 * @throws Error that names the program and its last words when it is missing, fails or is killed
 */
export async function runTool(program: string, args: readonly string[], options: RunToolOptions = {}): Promise<void> {
  const { env = process.env, onLine } = options
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lastWords: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (stream === child.stdout) onLine?.(line)
      if (line.trim() === '') return
      lastWords.push(line.trim())
      if (lastWords.length > 3) lastWords.shift()
    })
  }
  await new Promise<void>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(error.code === 'ENOENT' ? `there is no "${program}" on PATH` : error.message))
    })
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else
        reject(
          new Error(
            `"${program}" ended with ${signal ?? `exit code ${code}`}: ${lastWords.join(' / ') || 'no output'}`,
          ),
        )
    })
  })
}
