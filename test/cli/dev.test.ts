/** `tidemark dev` with a server of its own. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endAll, type Shell, spawnTidemark, tidemark } from './command.js'

const jobsFile = fileURLToPath(new URL('../jobs/fixtures/jobs.mjs', import.meta.url))

let shell: Shell

beforeAll(async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'tidemark-dev-'))
  shell = { cwd, env: { TEMPORAL_ADDRESS: '', TEMPORAL_PROFILE: '', TIDEMARK_CONF_DIR: '' } }
})

afterAll(async () => {
  await endAll()
  await rm(shell.cwd, { recursive: true, force: true })
})

const dev = (...args: string[]) => spawnTidemark(shell, 'dev', ...args)

it('is ready when jobs can be started, tells both addresses in one line, and stops on Ctrl-C', async () => {
  const running = dev('--port', '0', '--ui-port', '0', jobsFile)
  await running.until(/^Ctrl-C stops\.$/m)
  const out = running.printed()
  const [, address = '', ui = ''] =
    /^ready: Temporal at (\S+), Web UI at (http:\S+), jobs: .*sums, ticks$/m.exec(out) ?? []
  expect(out.match(/^ready:/gm)).toHaveLength(1)
  expect((await fetch(ui)).status).toBe(200)
  expect(out).toContain(`TEMPORAL_ADDRESS=${address} npx tidemark run `)

  const here = { ...shell, env: { ...shell.env, TEMPORAL_ADDRESS: address } }
  const args = JSON.stringify({ output: join(shell.cwd, 'out'), rate: 100 })
  const started = await tidemark(here, 'run', 'ticks', '--args', args, '-d')
  expect(started).toEqual({
    code: 0,
    out: expect.stringMatching(
      /^Started job ticks, execution [0-9a-f]{8}-[0-9a-f]{4}\.\n"tidemark attach ticks" shows what it does\.\n$/,
    ),
    err: '',
  })
  const list = async () => (await tidemark(here, 'list')).out
  await expect.poll(list, { timeout: 30_000 }).toMatch(/^ticks +ticks +RUNNING/m)

  running.signal('SIGINT')
  const { code, err } = await running.ended
  expect(code).toBe(0)
  expect(err).toContain(
    'Stopping: jobs take a last checkpoint and go on where a worker is. Ctrl-C again stops at once.',
  )
  await expect(fetch(ui)).rejects.toThrow()
})

describe('in one sentence and with exit code 1 it refuses', () => {
  async function refusal(...args: string[]): Promise<string> {
    const { code, out, err } = await dev(...args).ended
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err.trimEnd().split('\n')).toHaveLength(1)
    return err
  }

  it('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const taken = server.address()
    const port = typeof taken === 'object' && taken !== null ? String(taken.port) : ''
    expect(await refusal('--port', port, '--headless', jobsFile)).toMatch(
      new RegExp(`^tidemark: Port ${port} on 127\\.0\\.0\\.1, for the Temporal server, is taken`),
    )
    server.close()
  })

  it('a job file that is not there', async () => {
    expect(await refusal('nowhere.ts')).toBe(
      `tidemark: The job file nowhere.ts is not there: correct its path, seen from ${shell.cwd}.\n`,
    )
  })

  it('a job file that does not compile', async () => {
    const file = join(shell.cwd, 'broken.ts')
    await writeFile(file, 'export default defineJob("x", {\n')
    expect(await refusal('--port', '0', '--headless', file)).toMatch(
      /^tidemark: The job file \S+broken\.ts cannot be loaded: /,
    )
  })
})

it.each([
  [['--port', 'x', jobsFile], '--port must be a port, 0 to 65535, not "x".', {}],
  [['--ui-port', '70000', jobsFile], '--ui-port must be a port, 0 to 65535, not "70000".', {}],
  [
    ['--ui-port', '1', jobsFile],
    '--ui-port is for a server of our own, but TEMPORAL_ADDRESS names one: leave out the one or the other.',
    { TEMPORAL_ADDRESS: '127.0.0.1:1' },
  ],
])('%j is wrong usage', async (args, sentence, env) => {
  const { code, err } = await spawnTidemark({ ...shell, env: { ...shell.env, ...env } }, 'dev', ...args).ended
  expect({ code, err }).toEqual({ code: 2, err: `tidemark: ${sentence}\n` })
})
