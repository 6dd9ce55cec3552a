import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { print, printTo } from '../../src/connectors/console/print.js'
import { TinyJob } from './tiny-job.js'

test('prints each record as a line, at the latest with the batch, the cut or the end', async () => {
  const stream = new PassThrough()
  const run = new TinyJob().begin(printTo(stream, { prefix: '> ' }), undefined)
  await run.start()
  run.write(1)
  await run.writer.flush?.()
  expect(String(stream.read())).toBe('> {"value":1}\n')
  run.write(2)
  expect(await run.writer.cut(3)).toEqual([])
  expect(String(stream.read())).toBe('> {"value":2}\n')
  run.write(3)
  await run.close()
  expect(String(stream.read())).toBe('> {"value":3}\n')
  expect(print().guarantee).toBe('at-least-once')
})

test('waits for a slow reader', async () => {
  const stream = new PassThrough({ highWaterMark: 8 })
  const run = new TinyJob().begin(printTo(stream), undefined)
  await run.start()
  run.write(1)
  let flushed = false
  const flushing = Promise.resolve(run.writer.flush?.()).then(() => {
    flushed = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(flushed).toBe(false)
  expect(String(stream.read())).toBe('{"value":1}\n')
  await flushing
  await run.close()
})
