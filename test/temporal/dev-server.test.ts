import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { connectClient } from '../../src/temporal/connection.js'
import { type DevServer, type DevServerOptions, startDevServer } from '../../src/temporal/dev-server.js'
import { plainTarget } from '../../src/temporal/target.js'
import { processGroup, temporaryDirectory } from './support.js'

/** A server that is gone when the test ends. */
async function start(options: DevServerOptions = {}): Promise<DevServer> {
  const server = await startDevServer({ headless: true, ...options })
  onTestFinished(() => server.stop())
  return server
}

async function connectTo(server: DevServer) {
  const connected = await connectClient(plainTarget(server.address, server.namespace))
  onTestFinished(() => connected.connection.close())
  return connected
}

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { server, port: address.port }
}

describe('startDevServer', () => {
  it('resolves when the server answers and has our search attributes', async () => {
    const server = await start()
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(server.uiUrl).toBeUndefined()
    const { connection } = await connectTo(server)
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' })
    expect(Object.keys(customAttributes)).toEqual(
      expect.arrayContaining(['TidemarkJobState', 'TidemarkLatestCheckpoint']),
    )
  })

  it("serves the Web UI, and a namespace of one's own", async () => {
    const server = await start({ headless: false, namespace: 'streams' })
    const page = await fetch(`${server.uiUrl}`)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('<html')
    const { connection } = await connectTo(server)
    const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'streams' })
    expect(namespaceInfo?.name).toBe('streams')
  })

  it('fires a timer of 100 ms well before the second that the server takes by default', async () => {
    const server = await start()
    const { client, connection } = await connectTo(server)
    const { namespace } = server
    const times: number[] = []
    // By default each takes a second; a machine that stands still makes some of them late.
    for (const workflowId of ['first', 'second', 'third', 'fourth']) {
      const begun = Date.now()
      await client.workflow.start('nobodyRunsThis', { workflowId, taskQueue: 'q', workflowExecutionTimeout: 100 })
      await connection.withDeadline(Date.now() + 10_000, () =>
        connection.workflowService.getWorkflowExecutionHistory({
          namespace,
          execution: { workflowId },
          waitNewEvent: true,
          historyEventFilterType: 2, // The closing event only.
        }),
      )
      times.push(Date.now() - begun)
    }
    expect(Math.min(...times)).toBeLessThan(800)
  })

  it('says in one sentence which port is taken', async () => {
    const { port } = await listen()
    await expect(start({ port })).rejects.toMatchObject({
      code: 'InvalidUsage',
      message: `Port ${port} on 127.0.0.1, for the Temporal server, is taken by another program: stop that program, or choose another port (0 for any free one).`,
    })
    await expect(start({ headless: false, uiPort: port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1, for the Temporal Web UI, is taken`,
    )
  })

  it('shows the last lines of a server that dies at the start', async () => {
    const db = join(await temporaryDirectory(), 'no', 'such', 'directory', 'state.db')
    await expect(start({ db })).rejects.toMatchObject({
      code: 'TemporalUnreachable',
      message: expect.stringMatching(
        /did not start \(it ended with exit code 1\); its last lines are:\n.*no\/such\/directory/s,
      ),
    })
  })

  it('says so where the executable is no Temporal CLI', async () => {
    const path = join(await temporaryDirectory(), 'temporal')
    await writeFile(path, '#!/bin/sh\necho "not what you think" >&2\nexit 3\n')
    await chmod(path, 0o755)
    await expect(start({ env: { ...process.env, TIDEMARK_TEMPORAL_CLI: path } })).rejects.toThrow(
      /exit code 3.*\nnot what you think/,
    )
  })

  it('with a database, keeps workflows from one start to the next, and compares the types of search attributes', async () => {
    const db = join(await temporaryDirectory(), 'state.db')
    const first = await start({ db })
    const { client } = await connectTo(first)
    const { firstExecutionRunId } = await client.workflow.start('job', { workflowId: 'kept', taskQueue: 'q' })
    await first.stop()

    const second = await start({ db })
    const described = await (await connectTo(second)).client.workflow.getHandle('kept').describe()
    expect(described).toMatchObject({ runId: firstExecutionRunId, status: { name: 'RUNNING' } })
    await second.stop()

    await expect(start({ db, searchAttributes: { TidemarkJobState: 'Int' } })).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining('TidemarkJobState is Keyword and must be Int'),
    })
  })
})

describe('the end of a server', () => {
  it('stop() leaves no process, and may be called again', async () => {
    const server = await start()
    expect(await processGroup(server.pid)).not.toEqual([])
    await server.stop()
    await server.exited
    expect(await processGroup(server.pid)).toEqual([])
    await server.stop()
  })

  it('`exited` tells when the server is killed', async () => {
    const server = await start()
    process.kill(await serverIn(server.pid), 'SIGKILL')
    await server.exited
    expect(await processGroup(server.pid)).toEqual([])
  })

  it('the server does not outlive its keeper', async () => {
    const server = await start()
    process.kill(server.pid, 'SIGKILL')
    await server.exited
    await vi.waitFor(async () => expect(await processGroup(server.pid)).toEqual([]), { timeout: 10_000 })
  })

  it('the server ends with its parent, even when that is killed with SIGKILL', async () => {
    const { parent, address, group } = await startParent()
    const { lost } = await connected(address)
    parent.kill('SIGKILL')
    await lost
    await vi.waitFor(async () => expect(await processGroup(group)).toEqual([]), { timeout: 10_000 })
  })

  it("a Ctrl-C for the terminal's process group leaves it to the parent when the server ends", async () => {
    const { parent, address, group, line } = await startParent()
    const { lost } = await connected(address)
    const exited = once(parent, 'exit')
    process.kill(-(parent.pid as number), 'SIGINT')
    expect(await line()).toBe('answers')
    await lost
    expect(await exited).toEqual([0, null])
    expect(await processGroup(group)).toEqual([])
  })
})

async function serverIn(group: number): Promise<number> {
  const server = (await processGroup(group)).find(
    ({ command }) => / server start-dev /.test(command) && !/^\/bin\/sh/.test(command),
  )
  if (server === undefined) throw new Error('no server runs in that group')
  return server.pid
}

/** Starts `dev-server-parent.ts` in a process group of its own, as a shell does. */
async function startParent() {
  const script = fileURLToPath(new URL('./dev-server-parent.ts', import.meta.url))
  const parent: ChildProcess = spawn(process.execPath, ['--import', 'tsx', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void parent.kill('SIGKILL'))
  if (parent.stdout === null) throw new Error('no output')
  const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]()
  const line = async () => String((await lines.next()).value)
  const { address, group } = JSON.parse(await line()) as { address: string; group: number }
  return { parent, address, group, line }
}

/** A TCP connection, and when the server at its other end is gone. */
async function connected(address: string): Promise<{ readonly lost: Promise<void> }> {
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  await once(socket, 'connect')
  socket.resume()
  return { lost: new Promise((resolve) => socket.once('close', () => resolve()).on('error', () => {})) }
}
