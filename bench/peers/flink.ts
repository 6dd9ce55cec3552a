import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { spawnKept } from '../../src/temporal/keeper.js'
import type { Surroundings } from '../benchmark.js'

const run = promisify(execFile)
const version = '2.3.0'
const sources = ['FlinkJobs', 'FlinkBlobs'].map((name) => fileURLToPath(new URL(`./${name}.java`, import.meta.url)))

/** Java 17 keeps its own packages closed; Flink reaches into these. */
const opened = [
  ...['lang', 'net', 'io', 'nio', 'lang.reflect', 'text', 'time', 'util', 'util.concurrent'],
  ...['util.concurrent.atomic', 'util.concurrent.locks'],
].map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`)
const javaFlags = [...opened, '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED']

const processes = {
  jobManager: {
    main: 'org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint',
    parameters: 'GET_JM_RESOURCE_PARAMS',
  },
  taskManager: {
    main: 'org.apache.flink.runtime.taskexecutor.TaskManagerRunner',
    parameters: 'GET_TM_RESOURCE_PARAMS',
  },
} as const

/** A Flink cluster of one job manager and one task manager on loopback, from the wheel that Flink itself publishes. */
export interface Flink {
  /** Starts a job of FlinkJobs.java, from a checkpoint where one is given. */
  submit(words: readonly string[], from?: string): Promise<FlinkJob>
  /** Starts another task manager beside the first one. */
  addTaskManager(): Promise<void>
}

export interface FlinkJob {
  /** Waits for its end; answers how long its tasks ran, milliseconds. */
  untilFinished(): Promise<number>
  /** Waits for so many completed checkpoints; newest first. */
  untilCompleted(count: number): Promise<readonly CompletedRow[]>
  completed(): Promise<readonly CompletedRow[]>
  triggerCheckpoint(): Promise<void>
  cancel(): Promise<void>
}

/** Of Flink's REST interface. */
export interface CompletedRow {
  readonly status: string
  readonly trigger_timestamp: number
  readonly end_to_end_duration: number
  readonly checkpointed_size: number
  readonly external_path: string
}

export interface FlinkOptions {
  /** `taskmanager.memory.process.size`. */
  readonly taskManagerMemory?: string
}

export async function startFlink(
  surroundings: Surroundings,
  { taskManagerMemory = '4096m' }: FlinkOptions = {},
): Promise<Flink> {
  const { directory, onClose } = surroundings
  const libraries = await installFlink(surroundings.log)
  const home = join(directory, 'flink')
  const port = 8091
  configure(home, port, taskManagerMemory)
  const jar = await compile(libraries, home)
  const start = async ({ main, parameters }: (typeof processes)[keyof typeof processes]) => {
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
  const slots = async () => Number((await ask(`${rest}/overview`))?.['slots-available'] ?? 0)
  const addTaskManager = async () => {
    const before = await slots()
    await start(processes.taskManager)
    await until('Flink to have slots', async () => (await slots()) > before)
  }
  await start(processes.jobManager)
  await addTaskManager()
  const uploaded = await upload(`${rest}/jars/upload`, jar)
  return {
    addTaskManager,
    submit: async (words, from) => {
      const run = { entryClass: 'FlinkJobs', programArgsList: words, ...(from && { savepointPath: from }) }
      const { jobid } = await post(`${rest}/jars/${uploaded}/run`, run)
      return jobAt(`${rest}/jobs/${jobid}`)
    },
  }
}

function jobAt(url: string): FlinkJob {
  const completed = async () => {
    const { history = [] } = ((await ask(`${url}/checkpoints`)) ?? {}) as { readonly history?: readonly CompletedRow[] }
    return history.filter((row) => row.status === 'COMPLETED')
  }
  return {
    completed,
    untilFinished: () => untilFinished(url),
    untilCompleted: async (count) => {
      let rows: readonly CompletedRow[] = []
      await until(`${count} checkpoints of ${url}`, async () => {
        rows = await completed()
        return rows.length >= count
      })
      return rows
    },
    triggerCheckpoint: async () => {
      await post(`${url}/checkpoints`, { checkpointType: 'CONFIGURED' })
    },
    cancel: async () => {
      await fetch(`${url}?mode=cancel`, { method: 'PATCH' })
      await until(`job ${url} to end`, async () => (await ask(url))?.state === 'CANCELED')
    },
  }
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

function configure(home: string, port: number, taskManagerMemory: string): void {
  mkdirSync(join(home, 'conf'), { recursive: true })
  mkdirSync(join(home, 'tmp'))
  writeFileSync(
    join(home, 'conf/config.yaml'),
    [
      'jobmanager: {bind-host: 127.0.0.1, rpc: {address: 127.0.0.1, port: 6133}, memory: {process: {size: 1600m}}}',
      `taskmanager: {bind-host: 127.0.0.1, host: 127.0.0.1, numberOfTaskSlots: 2, memory: {process: {size: ${taskManagerMemory}}}}`,
      `rest: {address: 127.0.0.1, bind-address: 127.0.0.1, port: ${port}}`,
      'web: {checkpoints: {history: 100}}',
      `io: {tmp: {dirs: ${home}/tmp}}`,
      `execution: {checkpointing: {dir: "file://${home}/checkpoints", externalized-checkpoint-retention: RETAIN_ON_CANCELLATION}}`,
      '',
    ].join('\n'),
  )
}

async function compile(libraries: string, home: string): Promise<string> {
  const classes = join(home, 'classes')
  await run('javac', ['-cp', `${libraries}/*`, '-d', classes, ...sources])
  const jar = join(home, 'jobs.jar')
  await run('jar', ['cf', jar, '-C', classes, '.'])
  return jar
}

/** Answers the id under which the cluster keeps it. */
async function upload(url: string, jar: string): Promise<string> {
  const form = new FormData()
  form.append('jarfile', new Blob([readFileSync(jar)]), 'jobs.jar')
  const answer = await fetch(url, { method: 'POST', body: form })
  const { filename } = (await answer.json()) as { readonly filename?: string }
  if (filename === undefined) throw new Error(`Flink did not take ${jar}: ${answer.status}`)
  return filename.slice(filename.lastIndexOf('/') + 1)
}

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`Flink answers ${answer.status} to ${url}: ${await answer.text()}`)
  return (await answer.json()) as Record<string, unknown>
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
