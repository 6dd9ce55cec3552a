import { setTimeout as delay } from 'node:timers/promises'
import { spawnKept } from '../../../src/temporal/keeper.js'

export interface ServerProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Answers 200 once the server takes requests. */
  readonly readyUrl: string
  /** Seconds in which it must. */
  readonly patience?: number
}

export interface ServerProcess {
  /** At once, as a crash would. Resolves when it is gone. */
  kill(): Promise<void>
  /** In good order. */
  stop(): Promise<void>
}

/**
 * Starts a server that cannot outlive this process, and answers when it takes requests.
 * @throws Error with the server's last words where it does not
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { command, args, env, readyUrl, patience = 60 } = options
  const server = await spawnKept(command, args, { graceSeconds: 5, env: { ...process.env, ...env } })
  let lastWords = ''
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk) => {
      lastWords = (lastWords + String(chunk)).slice(-2000)
    })
  }
  let ended = false
  server.exited.then(() => {
    ended = true
  })
  const kill = async () => {
    // The whole group: the shell that holds the leash, and the server.
    if (!ended) process.kill(-server.pid, 'SIGKILL')
    await server.exited
  }
  const deadline = Date.now() + patience * 1000
  while (!(await answers(readyUrl))) {
    if (ended || Date.now() > deadline) {
      await kill()
      throw new Error(`${command} did not start: ${lastWords}`)
    }
    await delay(50)
  }
  return {
    kill,
    async stop() {
      server.release()
      await server.exited
    },
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok
  } catch {
    return false
  }
}
