import { once } from 'node:events'
import { createServer } from 'node:net'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { connectClient, connectNative } from '../../src/temporal/connection.js'
import { claimPort } from '../../src/temporal/free-port.js'
import { plainTarget, resolveTemporal, type TemporalTarget } from '../../src/temporal/target.js'
import { newNamespace, temporalEnvironment } from '../support/namespace.js'

describe('with a server', () => {
  let server: TemporalTarget
  beforeAll(async () => {
    server = await newNamespace()
  })

  it('connects a client as the environment says', async () => {
    const target = resolveTemporal({ HOME: '/nonexistent', ...temporalEnvironment(server) })
    const { connection, client } = await connectClient(target)
    onTestFinished(() => connection.close())
    const handle = await client.workflow.start('job', { workflowId: 'w', taskQueue: 'q' })
    expect((await handle.describe()).status.name).toBe('RUNNING')
  })

  it('fails what is under way as it is closed, and what is begun after that, and the process goes on', async () => {
    const { connection, client } = await connectClient(server)
    const handle = await client.workflow.start('job', { workflowId: 'without-a-worker', taskQueue: 'q' })
    const result = handle.result()
    const closed = { cause: { code: 1, details: 'Channel has been shut down' } }
    await Promise.all([connection.close(), expect(result).rejects.toMatchObject(closed)])
    await expect(handle.describe()).rejects.toMatchObject(closed)
  })

  it('connects what a worker needs', async () => {
    const native = await connectNative(server)
    onTestFinished(() => native.close())
    const { serverVersion } = await native.workflowService.getSystemInfo({})
    expect(serverVersion).toMatch(/^\d+\.\d+/)
  })
})

describe.each([
  ['connectClient', connectClient],
  ['connectNative', connectNative],
])('%s without a server', (_name, connect) => {
  it('says what does not answer and what to do', async () => {
    const port = await claimPort(0, '127.0.0.1', 'nothing')
    const target = resolveTemporal({ HOME: '/nonexistent', TEMPORAL_ADDRESS: `127.0.0.1:${port}` })
    await expect(connect(target, 500)).rejects.toMatchObject({
      code: 'TemporalUnreachable',
      path: `127.0.0.1:${port}`,
      message: `No Temporal server answers at 127.0.0.1:${port}: start it, or correct TEMPORAL_ADDRESS.`,
    })
  })

  it('does not wait for one that accepts and stays silent', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    await expect(connect(plainTarget(`127.0.0.1:${port}`), 500)).rejects.toThrow(/^No Temporal server answers at /)
  })

  it('says the same of a host that does not exist', async () => {
    await expect(connect(plainTarget('no-such-host.invalid:7233'), 500)).rejects.toThrow(
      'No Temporal server answers at no-such-host.invalid:7233',
    )
  })
})
