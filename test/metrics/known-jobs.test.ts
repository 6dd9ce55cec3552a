import { expect, test } from 'vitest'
import type { JobFigures } from '../../src/coordinator/figures.js'
import { KnownJobs } from '../../src/metrics/known-jobs.js'

const minute = 60_000

function figures(job: string, state: JobFigures['state'] = 'RUNNING'): JobFigures {
  return {
    job,
    definition: 'sums',
    state,
    checkpointInterval: 1_000,
    numberOfInProgressCheckpoints: 0,
    numberOfCompletedCheckpoints: 0,
    numberOfFailedCheckpoints: 0,
    numberOfConsecutiveFailedCheckpoints: 0,
    totalNumberOfCheckpoints: 0,
    numRestarts: 0,
  }
}

/** Jobs by name: they run, they do not, or the server does not say. */
function known(answers: Record<string, boolean | Error> = {}) {
  const clock = { now: 0 }
  const asked: string[] = []
  const jobs = new KnownJobs(
    async (job) => {
      asked.push(job)
      const answer = answers[job] ?? true
      if (answer instanceof Error) throw answer
      return answer
    },
    () => clock.now,
  )
  const names = async () => (await jobs.current()).map(({ job }) => job)
  return { jobs, clock, asked, names }
}

test.each(['FINISHED', 'CANCELED', 'FAILED'] as const)('a job that ends as %s is forgotten', async (state) => {
  const { jobs, names } = known()
  jobs.report(figures('a'))
  jobs.report(figures('b'))
  jobs.report(figures('a', state))
  expect(await names()).toEqual(['b'])
})

test('a silent job is asked for once a minute, and forgotten where it does not run', async () => {
  const { jobs, clock, asked, names } = known({ gone: false, unknown: new Error('no answer') })
  for (const job of ['quiet', 'gone', 'unknown']) jobs.report(figures(job))
  clock.now = minute - 1
  expect(await names()).toEqual(['quiet', 'gone', 'unknown'])
  expect(asked).toEqual([])
  clock.now = minute
  expect(await names()).toEqual(['quiet', 'unknown'])
  expect(asked).toEqual(['quiet', 'gone', 'unknown'])
  expect(await names()).toEqual(['quiet', 'unknown'])
  expect(asked.length).toBe(3)
  clock.now = 2 * minute
  await names()
  expect(asked.length).toBe(5)
})

test('what a job says while it is asked for is not lost', async () => {
  const clock = { now: 0 }
  const jobs: KnownJobs = new KnownJobs(
    async (job) => {
      jobs.report({ ...figures(job), numRestarts: 1 })
      return false
    },
    () => clock.now,
  )
  jobs.report(figures('a'))
  clock.now = minute
  expect(await jobs.current()).toEqual([{ ...figures('a'), numRestarts: 1 }])
})
