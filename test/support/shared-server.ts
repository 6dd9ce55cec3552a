/**
 * Vitest's global setup: one Temporal server for all test files of a run, started when the first of them asks. Each file has a namespace
 * of its own (see `namespace.ts`), so that files know nothing of each other.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { messageOf } from '../../src/errors.js'
import { type DevServer, startDevServer } from '../../src/temporal/dev-server.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers the address of the Temporal server. */
    temporal: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<DevServer> | undefined
  const doorman = createServer(async (_request, response) => {
    started ??= startDevServer({ headless: true })
    await started.then(
      ({ address }) => response.end(address),
      (error: unknown) => response.writeHead(500).end(messageOf(error)),
    )
  }).listen(0, '127.0.0.1')
  await once(doorman, 'listening')
  project.provide('temporal', `http://127.0.0.1:${(doorman.address() as AddressInfo).port}`)
  return async () => {
    doorman.close()
    doorman.closeAllConnections()
    await (await started?.catch(() => undefined))?.stop()
  }
}
