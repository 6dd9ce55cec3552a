import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { spawnKept } from '../../src/temporal/keeper.js'
import type { Surroundings } from '../benchmark.js'

const run = promisify(execFile)
const version = '2.3.0'
const source = fileURLToPath(new URL('./FlinkJobs.java', import.meta.url))

/** Java 17 keeps its own packages closed; Flink reaches into these. */
const opened = [
  ...['lang', 'net', 'io', 'nio', 'lang.reflect', 'text', 'time', 'util', 'util.concurrent'],
  ...['util.concurrent.atomic', 'util.concurrent.locks'],
].map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`)
const javaFlags = [...opened, '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED']

const processes = [
  {
    main: 'org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint',
    parameters: 'GET_JM_RESOURCE_PARAMS',
  },
  { main: 'org.apache.flink.runtime.taskexecutor.TaskManagerRunner', parameters: 'GET_TM_RESOURCE_PARAMS' },
]

/** A Flink cluster of one job manager and one task manager on loopback, from the wheel that Flink itself publishes. */
export interface Flink {
  /** Runs a job of FlinkJobs.java to its end; answers how long its tasks ran, milliseconds. */
  runToEnd(job: string, file: string, intervalMs: number): Promise<number>
  /** Runs an endless job until `count` checkpoints are complete; answers how long each took, milliseconds, newest first. */
  checkpointsOf(job: string, intervalMs: number, count: number): Promise<readonly number[]>
}

export async function startFlink(surroundings: Surroundings): Promise<Flink> {
  const { directory, onClose } = surroundings
  const libraries = await installFlink(surroundings.log)
  const home = join(directory, 'flink')
  const port = 8091
  configure(home, port)
  const jar = await compile(libraries, home)
  for (const { main, parameters } of processes) {
    const conf = join(home, 'conf')
    const [jvm = '', dynamic = ''] = await resourcesFor(parameters, libraries, conf)
    const words = [...jvm.split(' '), ...javaFlags, '-cp', `${libraries}/*`, main, '--configDir', conf]
    const kept = await spawnKept('java', [...words, ...dynamic.split(' ')], { graceSeconds: 5, cwd: home })
    kept.stdout.resume()
    kept.stderr.resume()
    onClose(async () => {
      kept.release()
      await kept.exited
    })
  }
  const rest = `http://127.0.0.1:${port}/v1`
  await until('Flink to have slots', async () => ((await ask(`${rest}/overview`))?.['slots-total'] as number) > 0)
  const submit = async (job: string, file: string, intervalMs: number): Promise<string> => {
    const { stdout } = await run(
      'java',
      [
        '-Xmx256m',
        ...javaFlags,
        '-cp',
        `${libraries}/*`,
        'org.apache.flink.client.cli.CliFrontend',
        ...['run', '-d', '-c', 'FlinkJobs', jar, job, `file://${file}`, String(intervalMs)],
      ],
      { cwd: home, env: { ...process.env, FLINK_CONF_DIR: join(home, 'conf') } },
    )
    const id = /JobID ([0-9a-f]{32})/.exec(stdout)?.[1]
    if (id === undefined) throw new Error(`Flink did not take the job: ${stdout}`)
    return `${rest}/jobs/${id}`
  }
  return {
    runToEnd: async (job, file, intervalMs) => untilFinished(await submit(job, file, intervalMs)),
    checkpointsOf: async (job, intervalMs, count) => {
      const url = await submit(job, home, intervalMs)
      let seen: Checkpoints | undefined
      await until(`${count} checkpoints of ${url}`, async () => {
        seen = (await ask(`${url}/checkpoints`)) as unknown as Checkpoints | undefined
        return (seen?.counts?.completed ?? 0) >= count
      })
      await fetch(`${url}?mode=cancel`, { method: 'PATCH' })
      await until(`job ${url} to end`, async () => (await ask(url))?.state === 'CANCELED')
      return (seen?.history ?? []).filter((row) => row.status === 'COMPLETED').map((row) => row.end_to_end_duration)
    },
  }
}

interface Checkpoints {
  readonly counts?: { readonly completed: number }
  readonly history?: readonly { readonly status: string; readonly end_to_end_duration: number }[]
}

/** The memory of a process, as Flink's own start scripts work it out: options for the JVM, and settings. */
async function resourcesFor(command: string, libraries: string, conf: string): Promise<string[]> {
  const utilities = join(libraries, '../bin/bash-java-utils.jar')
  const words = ['-cp', `${utilities}:${libraries}/*`, ...javaFlags]
  const main = 'org.apache.flink.runtime.util.bash.BashJavaUtils'
  const { stdout } = await run('java', [...words, main, command, '--configDir', conf])
  const prefix = 'BASH_JAVA_UTILS_EXEC_RESULT:'
  return stdout.split('\n').flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []))
}

interface JobDetails {
  readonly state: string
  readonly vertices: readonly { readonly 'start-time': number; readonly 'end-time': number }[]
}

async function untilFinished(url: string): Promise<number> {
  let details: JobDetails | undefined
  await until(`job ${url} to finish`, async () => {
    details = (await ask(url)) as unknown as JobDetails
    if (details?.state === 'FAILED')
      throw new Error(`Flink failed the job: ${JSON.stringify(await ask(`${url}/exceptions`))}`)
    return details?.state === 'FINISHED'
  })
  const vertices = details?.vertices ?? []
  return Math.max(...vertices.map((v) => v['end-time'])) - Math.min(...vertices.map((v) => v['start-time']))
}

/** Once a machine: 250 MB. Answers the directory of the jar files. */
async function installFlink(log: (line: string) => void): Promise<string> {
  const venv = join(homedir(), '.cache/tidemark/bench', `flink-${version}`)
  if (!existsSync(join(venv, 'installed'))) {
    log(`  installing Flink ${version} with pip`)
    mkdirSync(venv, { recursive: true })
    await run('python3', ['-m', 'venv', venv])
    await run(join(venv, 'bin/pip'), ['install', '-q', '--no-deps', `apache-flink-libraries==${version}`])
    writeFileSync(join(venv, 'installed'), '')
  }
  const python = readdirSync(join(venv, 'lib')).find((name) => name.startsWith('python3'))
  return join(venv, 'lib', python ?? '', 'site-packages/pyflink/lib')
}

function configure(home: string, port: number): void {
  mkdirSync(join(home, 'conf'), { recursive: true })
  mkdirSync(join(home, 'tmp'))
  writeFileSync(
    join(home, 'conf/config.yaml'),
    [
      'jobmanager: {bind-host: 127.0.0.1, rpc: {address: 127.0.0.1, port: 6133}, memory: {process: {size: 1600m}}}',
      'taskmanager: {bind-host: 127.0.0.1, host: 127.0.0.1, numberOfTaskSlots: 2, memory: {process: {size: 4096m}}}',
      `rest: {address: 127.0.0.1, bind-address: 127.0.0.1, port: ${port}}`,
      'web: {checkpoints: {history: 100}}',
      `io: {tmp: {dirs: ${home}/tmp}}`,
      `execution: {checkpointing: {dir: "file://${home}/checkpoints"}}`,
      '',
    ].join('\n'),
  )
}

async function compile(libraries: string, home: string): Promise<string> {
  const classes = join(home, 'classes')
  await run('javac', ['-cp', `${libraries}/*`, '-d', classes, source])
  const jar = join(home, 'jobs.jar')
  await run('jar', ['cf', jar, '-C', classes, '.'])
  return jar
}

async function ask(url: string): Promise<Record<string, unknown> | undefined> {
  try {
    return (await (await fetch(url)).json()) as Record<string, unknown>
  } catch {
    return undefined
  }
}

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 120_000
  while (!(await done())) {
    if (Date.now() > limit) throw new Error(`Waited two minutes for ${what}.`)
    await pause(100)
  }
}
