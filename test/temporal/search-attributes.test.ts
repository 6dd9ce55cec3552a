import { randomUUID } from 'node:crypto'
import type { Connection } from '@temporalio/client'
import { TypedSearchAttributes } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientConnection, connectClient } from '../../src/temporal/connection.js'
import { type DevServer, startDevServer } from '../../src/temporal/dev-server.js'
import { ensureSearchAttributes } from '../../src/temporal/ensure-search-attributes.js'
import { jobStateKey, searchAttributes } from '../../src/temporal/search-attributes.js'
import { plainTarget } from '../../src/temporal/target.js'

describe('ensureSearchAttributes', () => {
  let server: DevServer
  let connected: ClientConnection
  let connection: Connection

  beforeAll(async () => {
    server = await startDevServer({ headless: true, searchAttributes: {} })
    connected = await connectClient(plainTarget(server.address))
    connection = connected.connection
  })
  afterAll(async () => {
    await connection?.close()
    await server?.stop()
  })

  const registered = async () =>
    (await connection.operatorService.listSearchAttributes({ namespace: 'default' })).customAttributes

  it('registers what is missing, from several callers at once, so that a workflow can start with it', async () => {
    expect(Object.keys(await registered())).not.toContain('TidemarkJobState')
    await Promise.all([1, 2, 3].map(() => ensureSearchAttributes(connection, 'default')))
    expect(Object.keys(await registered())).toEqual(expect.arrayContaining(Object.keys(searchAttributes)))
    const handle = await connected.client.workflow.start('job', {
      workflowId: randomUUID(),
      taskQueue: 'q',
      typedSearchAttributes: new TypedSearchAttributes([{ key: jobStateKey, value: 'CREATED' }]),
    })
    expect((await handle.describe()).typedSearchAttributes.get(jobStateKey)).toBe('CREATED')
  })

  it('leaves what is there, and adds what is new', async () => {
    await ensureSearchAttributes(connection, 'default', { Amount: 'Double' })
    const before = await registered()
    await ensureSearchAttributes(connection, 'default', { Amount: 'Double', Label: 'Keyword' })
    expect(await registered()).toEqual({ ...before, Label: 2 })
  })

  it('names each one that has another type, and changes nothing', async () => {
    await ensureSearchAttributes(connection, 'default', { Rate: 'Double', Tag: 'Keyword' })
    const before = await registered()
    const ensured = ensureSearchAttributes(connection, 'default', { Rate: 'Text', Tag: 'Bool', Newcomer: 'Double' })
    await expect(ensured).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining(
        '(Rate is Double and must be Text; Tag is Keyword and must be Bool): remove them',
      ),
      details: ['Rate', 'Tag'],
    })
    expect(await registered()).toEqual(before)
  })

  it('names those that the server refuses to register', async () => {
    await expect(ensureSearchAttributes(connection, 'default', { WorkflowId: 'Int' })).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringMatching(
        /could not be registered from here \(.+\): have its operator add WorkflowId \(Int\)\.$/,
      ),
    })
  })

  describe('where the operator service is closed to us, as on Temporal Cloud', () => {
    /** The real workflow service beside an operator service that answers as one that is not offered. */
    const withoutOperator = () => {
      const refused = Object.assign(new Error('unimplemented'), { code: 12, details: 'unimplemented', metadata: {} })
      const operatorService = {
        listSearchAttributes: () => Promise.reject(refused),
      } as unknown as Connection['operatorService']
      return { operatorService, workflowService: connection.workflowService }
    }

    it('is content when all are registered', async () => {
      await ensureSearchAttributes(connection, 'default', { Amount: 'Double' })
      await ensureSearchAttributes(withoutOperator(), 'default', { Amount: 'Double' })
    })

    it('lists what the operator has to add', async () => {
      await expect(
        ensureSearchAttributes(withoutOperator(), 'default', { Nowhere: 'Int', Amount: 'Double' }),
      ).rejects.toThrow(
        /could not be registered from here \(.*Nowhere.*\): have its operator add Nowhere \(Int\), Amount \(Double\)\./,
      )
    })
  })
})
