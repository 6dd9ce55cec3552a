/**
 * A task host alone, without Temporal: `node idle-host.mjs TASKS THREADS DIRECTORY` deploys so many `trickle` jobs, looks at what they take at
 * rest, cuts each once, and prints the figures as JSON.
 */
import { memoryUsage } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createEmbeddedHost } from '../../dist/src/engine/embedded/index.js'

const [tasks = 500, threads = 8] = process.argv.slice(2, 4).map(Number)
const root = `file://${process.argv[4]}`
const restMs = 10_000
const never = new AbortController().signal
const host = await createEmbeddedHost({
  jobFiles: [fileURLToPath(new URL('./pipelines.mjs', import.meta.url))],
  slots: tasks,
  threads,
})
const reference = (index) => ({ job: `idle-${index}`, execution: 'one', claim: 1, attempt: 1 })
const all = (work, from = 0) => Promise.all(Array.from({ length: tasks - from }, (_, index) => work(from + index)))

async function deploy(index) {
  await host.deploy(
    {
      ...reference(index),
      definition: 'trickle',
      args: {},
      parallelism: 1,
      roots: { metadata: root, data: root },
      incremental: true,
      allowNonRestoredState: false,
      output: { ancestry: [], closedExecutions: [] },
      allowedDirs: [],
    },
    never,
  )
  void host.watch(reference(index), () => {}, new AbortController().signal).catch(() => {})
}

for (let index = 0; index < threads; index++) await deploy(index)
const empty = memoryUsage.rss()
const begun = performance.now()
for (let index = threads; index < tasks; index++) await deploy(index)
const deployMs = (performance.now() - begun) / (tasks - threads)
await pause(restMs)

const before = process.cpuUsage()
const looked = performance.now()
await pause(restMs)
const { user, system } = process.cpuUsage(before)
const processors = (user + system) / 1000 / (performance.now() - looked)
const resting = memoryUsage.rss()
await all((index) => host.snapshot({ ...reference(index), number: 2 }, never))
const cut = memoryUsage.rss()

console.log(
  JSON.stringify({
    'deploy ms': deployMs,
    processors,
    'KB a task': (resting - empty) / 1000 / (tasks - threads),
    'KB a task, once cut': (cut - empty) / 1000 / (tasks - threads),
  }),
)
await host.close()
