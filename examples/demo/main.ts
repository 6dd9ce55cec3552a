import { count } from './check.js'
import { Narrator } from './narrator.js'
import { readOptions, UsageError } from './options.js'
import { Stage } from './stage.js'
import { cancelAndRetain } from './steps/cancel.js'
import { compareWithBatch } from './steps/compare.js'
import { cancelAndDelete } from './steps/delete.js'
import { killBetweenCutAndMetadata } from './steps/kill-after-cut.js'
import { killBetweenMetadataAndCommit } from './steps/kill-before-commit.js'
import { resumeFromOldest } from './steps/resume.js'
import type { StorageKind } from './storage.js'

/** Flights a second: slow enough to be killed twice on the way, then fast enough to be done soon. */
const slow = 500
const fast = 2_500

async function play(narrator: Narrator, stage: Stage): Promise<string> {
  const killed = await killBetweenCutAndMetadata(narrator, stage, slow)
  await killBetweenMetadataAndCommit(narrator, stage, killed.job)
  const kept = await cancelAndRetain(narrator, stage, killed.job)
  const [oldest] = kept
  if (!oldest) throw new Error('Nothing is kept to resume from.')
  const resumed = await resumeFromOldest(narrator, stage, killed, oldest, fast)
  const updates = compareWithBatch(narrator, stage, resumed, oldest)
  await cancelAndDelete(narrator, stage, slow)
  return `All ${narrator.checks} checks hold: ${count(stage.flights, 'flight')} made ${count(updates, 'update')}, each exactly once, through 2 kills, 1 cancel and 1 resume, in ${narrator.seconds} s.`
}

async function open(narrator: Narrator, storage: StorageKind): Promise<Stage> {
  narrator.heading('A Temporal server and a worker, each in a process of its own')
  const stage = await Stage.open(storage, (line) => narrator.say(line))
  const { server, flights } = stage
  narrator.say(`Temporal listens at ${server.address}; its Web UI is at ${server.uiUrl}.`)
  if (stage.storage.told !== undefined) narrator.say(stage.storage.told)
  narrator.say(`${count(flights, 'real flight')} of 2001, one a line, are in ${stage.show(stage.input)}.`)
  return stage
}

/** Resolves when somebody asks the demo to end. */
function interruption(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve)
  })
}

async function main(): Promise<number> {
  const narrator = new Narrator(process.stdout)
  const { keep, storage } = readOptions(process.argv.slice(2))
  const interrupted = interruption()
  const opening = open(narrator, storage)
  const story = opening.then(async (stage) => {
    const pid = await stage.startWorker()
    narrator.say(`The worker is process ${pid}; the demo talks to it through Temporal only.`)
    return play(narrator, stage)
  })
  const told = story.then(
    (verdict) => {
      narrator.verdict(verdict, true)
      return 0
    },
    (error: unknown) => {
      narrator.verdict(error instanceof Error ? error.message : String(error), false)
      return 1
    },
  )
  const ended = await Promise.race([told, interrupted])
  const stage = await opening.catch(() => undefined)
  if (keep && typeof ended === 'number' && stage) {
    narrator.say(`All is left up: the Web UI at ${stage.server.uiUrl}, Temporal at ${stage.server.address},`)
    narrator.say(`checkpoints and output in ${stage.show(stage.directory)}. Press Ctrl-C to stop it.`)
    await interrupted
  }
  await stage?.close()
  if (typeof ended === 'number' && stage) narrator.say(`The files of this run stay in ${stage.show(stage.directory)}.`)
  else if (typeof ended !== 'number') narrator.say('Interrupted: the worker and the server are stopped.')
  return typeof ended === 'number' ? ended : 130
}

main().then(
  // An interrupted story still waits for something that will not happen any more.
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof UsageError ? error.message : error)
    process.exit(error instanceof UsageError ? 2 : 1)
  },
)
