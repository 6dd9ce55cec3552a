import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { prefixLines } from '../../src/engine/embedded/thread-output.js'

test('lines come whole, each with its origin, whatever the pieces and whoever prints in between', async () => {
  const stream = new PassThrough()
  let origin = 'a'
  const passOn = prefixLines(stream, () => origin)
  const flood = Buffer.from('Flut über\n')
  stream.write(flood.subarray(0, 6))
  origin = 'b'
  stream.write('one\r\ntwo')
  origin = 'a'
  const written = new Promise((resolve) => stream.write(flood.subarray(6), resolve))
  stream.write('')
  stream.write('6c61737421', 'hex')
  await Promise.all([written, passOn()])
  stream.end()
  const [all] = await Promise.all([text(stream), once(stream, 'end')])
  expect(all).toBe('[b] one\n[a] Flut über\n[b] two\n[a] last!\n')
})
