import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MockActivityEnvironment } from '@temporalio/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DeployInput } from '../../activities/contract.js'
import { createDefinitionActivities, type HostDependencies } from '../../activities/index.js'
import type { DeployResult } from '../../src/engine/engine.js'
import { loadConfiguration } from '../../src/spec/configuration.js'
import { temporaryDirectory } from '../storage/temporary-directory.js'
import { hdfsRefusal } from '../support/servers/hdfs/hdfs-answers.js'

/** Whoever works on a store that does not answer beats meanwhile: a silent activity is given up, and the next try would be as slow. */

let server: Server
/** What the store has been asked so far and has not answered. */
let waiting: (() => void)[]
let answers: boolean
/** Resolves when it is asked for the first time. */
let asked: Promise<unknown>

/** A store in which nothing is, once it answers. */
beforeEach(async () => {
  waiting = []
  answers = false
  const nothing = hdfsRefusal(404, 'FileNotFoundException')
  if (typeof nothing !== 'object') throw new Error('A refusal has a status.')
  server = createServer((_, answer) => {
    const say = () => void answer.writeHead(nothing.status, nothing.headers).end(nothing.body)
    if (answers) say()
    else waiting.push(say)
  }).listen(0, '127.0.0.1')
  asked = once(server, 'request')
  await once(server, 'listening')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

test.each(['deploy', 'finishOutput', 'finishEndedOutput'] as const)(
  '%s beats while the store does not answer',
  async (name) => {
    const { port } = server.address() as AddressInfo
    const uri = `webhdfs://127.0.0.1:${port}/checkpoints`
    const configuration = loadConfiguration({
      cwd: await temporaryDirectory(),
      env: { TIDEMARK_STATE_CHECKPOINTS_DIR: uri },
    })
    const deployed = { host: 'h', guarantee: 'exactly-once', tasks: 1, restoredRecords: 0 } as unknown as DeployResult
    const dependencies = {
      configuration,
      engine: { deploy: async () => deployed },
      presence: { report: async () => {} },
    } as unknown as HostDependencies
    const reference = { job: 'job', execution: 'e1', claim: 1, attempt: 1 }
    const roots = { metadata: uri, data: uri }
    const input = {
      ...{ reference, run: 'r', settings: { roots, allowedDirs: configuration.allowedDirs } },
      spec: { definition: 'd', args: {}, parallelism: 1, checkpointing: { incremental: true } },
    } as unknown as DeployInput
    const activities = createDefinitionActivities(dependencies)
    const environment = new MockActivityEnvironment({
      heartbeatTimeoutMs: 300,
      workflowExecution: { workflowId: 'job', runId: 'r' },
    })
    const run = () =>
      name === 'finishEndedOutput'
        ? environment.run(activities.finishEndedOutput, {
            job: 'job',
            execution: 'e1',
            definition: 'd',
            number: 2,
            roots,
          })
        : environment.run(activities[name], input)

    const answer = run()
    await asked
    await once(environment, 'heartbeat')
    expect(waiting).not.toEqual([])
    answers = true
    for (const say of waiting) say()
    expect(await answer).toEqual(
      { deploy: deployed, finishOutput: { through: 0 }, finishEndedOutput: { finished: false } }[name],
    )
  },
)
