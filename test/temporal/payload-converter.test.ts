import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { WorkflowFailedError } from '@temporalio/client'
import { defaultPayloadConverter, type Payload, ValueError } from '@temporalio/common'
import { type NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientConnection, connectClient, connectNative } from '../../src/temporal/connection.js'
import { dataConverter } from '../../src/temporal/data-converter.js'
import { isUnreadable, maxPayloadBytes, payloadConverter } from '../../src/temporal/payload-converter.js'
import { installRuntime } from '../../src/temporal/runtime.js'
import type { TemporalTarget } from '../../src/temporal/target.js'
import { newNamespace } from '../support/namespace.js'
import { collectNotes, describeItself, note, notes } from './workflows.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const payload = (encoding: string, data?: Uint8Array): Payload => ({
  metadata: { encoding: bytes(encoding) },
  ...(data && { data }),
})

describe('the payload converter', () => {
  it.each([[undefined], [null], [0], ['text'], [''], [{ a: [1, { b: null }] }], [new Uint8Array([0, 255])]])(
    'writes and reads %j as the default converter does',
    (value) => {
      expect(payloadConverter.toPayload(value)).toEqual(defaultPayloadConverter.toPayload(value))
      expect(payloadConverter.fromPayload(payloadConverter.toPayload(value))).toEqual(value)
    },
  )

  it.each<[string, Payload, { encoding: string | undefined; size: number }]>([
    ['broken JSON', payload('json/plain', bytes('{"mode":')), { encoding: 'json/plain', size: 8 }],
    ['JSON without data', payload('json/plain'), { encoding: 'json/plain', size: 0 }],
    [
      'bytes that are no UTF-8',
      payload('json/plain', new Uint8Array([0xff, 0xfe])),
      { encoding: 'json/plain', size: 2 },
    ],
    ['an unknown encoding', payload('binary/encrypted', bytes('abc')), { encoding: 'binary/encrypted', size: 3 }],
    ['an encoding that is no text', { metadata: { encoding: new Uint8Array([0xff]) } }, { encoding: 'ÿ', size: 0 }],
    ['no encoding', { metadata: {}, data: bytes('1') }, { encoding: undefined, size: 1 }],
    ['no metadata', { data: bytes('1') }, { encoding: undefined, size: 1 }],
    ['nothing', {}, { encoding: undefined, size: 0 }],
  ])('reads %s as unreadable, and says why', (_name, broken, expected) => {
    const value = payloadConverter.fromPayload(broken)
    expect(value).toMatchObject({ __tidemarkUnreadable: true, ...expected, reason: expect.stringMatching(/./) })
    expect(isUnreadable(value)).toBe(true)
  })

  it('takes no other value for unreadable', () => {
    expect([undefined, null, 1, 'x', {}, [], { __tidemarkUnreadable: 'yes' }].filter(isUnreadable)).toEqual([])
  })

  it('refuses a value above the limit with its size, and takes one at the limit', () => {
    const atLimit = 'x'.repeat(maxPayloadBytes - 2) // The JSON has two quotes more.
    expect(payloadConverter.toPayload(atLimit).data).toHaveLength(maxPayloadBytes)
    const tooLarge = () => payloadConverter.toPayload('x'.repeat(2_000_000))
    expect(tooLarge).toThrow(ValueError)
    expect(tooLarge).toThrow('A value of 1.91 MiB is above the 1.50 MiB that fit in one Temporal payload')
  })
})

describe('on a real server', () => {
  const taskQueue = 'converter'
  let target: TemporalTarget
  let client: ClientConnection
  let native: NativeConnection
  let worker: Worker
  let running: Promise<void>

  beforeAll(async () => {
    installRuntime()
    target = await newNamespace()
    client = await connectClient(target)
    native = await connectNative(target)
    const workflowsPath = fileURLToPath(new URL('./workflows.ts', import.meta.url))
    worker = await Worker.create({
      connection: native,
      namespace: target.namespace,
      taskQueue,
      workflowsPath,
      dataConverter,
    })
    running = worker.run()
  })

  afterAll(async () => {
    worker?.shutdown()
    await running
    await native?.close()
    await client?.connection.close()
  })

  const start = (args: Parameters<typeof collectNotes>) =>
    client.client.workflow.start(collectNotes, { workflowId: randomUUID(), taskQueue, args })

  const signalRaw = (workflowId: string, payloads: Payload[]) =>
    client.connection.workflowService.signalWorkflowExecution({
      namespace: target.namespace,
      workflowExecution: { workflowId },
      signalName: note.name,
      input: { payloads },
    })

  it('a workflow survives a signal of broken JSON, sees what it was, and goes on', async () => {
    const handle = await start([3])
    await signalRaw(handle.workflowId, [payload('json/plain', bytes('{"mode":'))])
    await signalRaw(handle.workflowId, [{ data: bytes('raw') }])
    expect(await handle.query(notes)).toHaveLength(2)
    await handle.signal(note, 'readable')
    expect(await handle.result()).toEqual([
      {
        unreadable: {
          __tidemarkUnreadable: true,
          encoding: 'json/plain',
          reason: expect.stringMatching(/JSON/),
          size: 8,
        },
      },
      { unreadable: { __tidemarkUnreadable: true, encoding: undefined, reason: expect.any(String), size: 3 } },
      { value: 'readable' },
    ])
    const { events } = await handle.fetchHistory()
    expect(events?.filter((event) => event.workflowTaskFailedEventAttributes != null)).toEqual([])
  })

  it('a client refuses to send a value above the limit', async () => {
    const handle = await start([1])
    await expect(handle.signal(note, 'x'.repeat(2_000_000))).rejects.toThrow('1.91 MiB')
    await handle.terminate()
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError)
  })

  it('a workflow sets each of our search attributes', async () => {
    const time = Date.parse('2026-01-02T03:04:05Z')
    const workflowId = randomUUID()
    await client.client.workflow.execute(describeItself, { workflowId, taskQueue, args: [time] })
    const { searchAttributes } = await client.client.workflow.getHandle(workflowId).describe()
    expect(searchAttributes).toMatchObject({
      TidemarkJobState: ['RUNNING'],
      TidemarkDefinition: ['word-count'],
      TidemarkLatestCheckpoint: [7],
      TidemarkLastCheckpointTime: [new Date(time)],
      TidemarkFailedCheckpoints: [2],
      TidemarkConsecutiveFailures: [1],
    })
  })
})
