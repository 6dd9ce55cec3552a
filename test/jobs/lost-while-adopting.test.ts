import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StubInstallation, startStubInstallation } from './stub-installation.js'

/** A host falls silent while a new run of the workflow takes its tasks over, and its own workflow says so. */
let stub: StubInstallation

type Step = 'observe' | 'adopt'

/** Where the second run of a job stands still, once. */
let still: { readonly at: Step; readonly reached: () => void; readonly over: Promise<void> } | undefined
/** The tasks of first attempts run until then, and nobody who asks for them is answered before. */
let ended: Promise<void>
let end: () => void
/** Jobs whose hosts were asked for the tasks of the first attempt, once for each try. */
const asked: string[] = []

async function pass(step: Step): Promise<void> {
  if (still?.at !== step) return
  const { reached, over } = still
  still = undefined
  reached()
  await over
}

beforeAll(async () => {
  ended = new Promise((resolve) => {
    end = resolve
  })
  stub = await startStubInstallation({
    settings: { eventsPerRun: 20 },
    storage: {
      async observe() {
        await pass('observe')
        return null
      },
    },
    onHosts: {
      async adopt({ job, attempt }) {
        if (attempt > 1) return
        asked.push(job)
        await pass('adopt')
        await ended
      },
      async supervise({ attempt }) {
        if (attempt === 1) await ended
        return { kind: 'exhausted' }
      },
    },
  })
})
afterAll(async () => {
  end()
  await stub.close()
})

test.each<[Step, string]>([
  ['observe', 'before the run owns the log'],
  ['adopt', 'while the host is asked for them'],
])('it is not waited for: said %s (%s)', async (at) => {
  let go = () => {}
  const over = new Promise<void>((resolve) => {
    go = resolve
  })
  const reached = new Promise<void>((resolve) => {
    still = { at, reached: resolve, over }
  })
  const job = await stub.start(
    `lost-${at}`,
    { checkpointing: { interval: 100 }, restartStrategy: { type: 'fixed-delay', attempts: 1, delay: 10 } },
    () => 'exhausts',
  )
  await reached
  const loss = { host: 'stub-host', execution: job.firstExecutionRunId, attempt: 1, how: 'lost', silentMs: 0 }
  await job.signal('hostLost', loss)
  if (at === 'observe') go()
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 1 })
  go()
  expect(asked.filter((job) => job === `lost-${at}`)).toHaveLength(1)
})
