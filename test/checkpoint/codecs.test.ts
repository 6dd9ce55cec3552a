import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../src/checkpoint/canonical-json.js'
import {
  decodeEntry,
  decodeExecutionRecord,
  decodePart,
  encodeEntry,
  encodeExecutionRecord,
  encodePart,
} from '../../src/checkpoint/codecs.js'
import type { LogEntry } from '../../src/checkpoint/entry.js'
import { decodePin, encodePin } from '../../src/checkpoint/pin.js'
import { seal } from '../../src/checkpoint/sealed-json.js'
import type { Json } from '../../src/json.js'
import {
  aborted,
  checkpoint,
  claim,
  closed,
  inlineState,
  part,
  record,
  savepoint,
  smallCheckpoint,
  smallPart,
  task,
} from './samples.js'

const entries: Record<string, LogEntry> = { claim, aborted, closed, checkpoint, savepoint }

describe('golden files, written by the first version of a format and never rewritten', () => {
  it.each(Object.entries(entries))('entry %s', async (name, entry) => {
    const golden = await readFile(new URL(`./fixtures/entry-v1-${name}.golden`, import.meta.url))
    expect(decodeEntry(golden)).toEqual(entry)
    expect(Buffer.from(encodeEntry(entry)).toString()).toBe(golden.toString())
  })

  it('execution record', async () => {
    const golden = await readFile(new URL('./fixtures/execution-v1.golden', import.meta.url))
    expect(decodeExecutionRecord(golden)).toEqual(record)
    expect(Buffer.from(encodeExecutionRecord(record)).toString()).toBe(golden.toString())
  })

  it('part manifest', async () => {
    const golden = await readFile(new URL('./fixtures/part-v1.golden', import.meta.url))
    expect(decodePart(golden)).toEqual(part)
    expect(Buffer.from(encodePart(part)).toString()).toBe(golden.toString())
  })

  it('an entry and a part that hold state', async () => {
    const entry = await readFile(new URL('./fixtures/entry-v2-checkpoint.golden', import.meta.url))
    expect(decodeEntry(entry)).toEqual(smallCheckpoint)
    expect(Buffer.from(encodeEntry(smallCheckpoint)).toString()).toBe(entry.toString())
    const manifest = await readFile(new URL('./fixtures/part-v2.golden', import.meta.url))
    expect(decodePart(manifest)).toEqual(smallPart)
    expect(Buffer.from(encodePart(smallPart)).toString()).toBe(manifest.toString())
  })

  it('pin', async () => {
    const pin = { formatVersion: 1, holder: { job: 'fork', execution: 'e2' }, number: 7, confirmed: true } as const
    const golden = await readFile(new URL('./fixtures/pin-v1.golden', import.meta.url))
    expect(decodePin(golden)).toEqual(pin)
    expect(Buffer.from(encodePin(pin)).toString()).toBe(golden.toString())
  })
})

/** JSON values that survive a round trip: no negative zero. */
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json)

describe('round trips', () => {
  it('any positions, commits and texts', () => {
    fc.assert(
      fc.property(json, json, fc.string({ unit: 'binary' }), fc.nat(), (position, payload, text, records) => {
        const entry: LogEntry = {
          ...checkpoint,
          spec: payload,
          tasks: [
            {
              ...task,
              splits: [{ source: 's', split: text, position, finished: true }],
              commits: [{ sink: 's', kind: 'k', number: 1, payload }],
              recordsRead: records,
            },
          ],
        }
        expect(decodeEntry(encodeEntry(entry))).toEqual(entry)
      }),
    )
  })

  it('do not depend on the order of keys', () => {
    const shuffled = Object.fromEntries(Object.entries(checkpoint).reverse()) as unknown as LogEntry
    expect(encodeEntry(shuffled)).toEqual(encodeEntry(checkpoint))
  })

  it('take absent and undefined for the same', () => {
    const { parent: _, ...without } = checkpoint
    expect(encodeEntry({ ...checkpoint, parent: undefined } as unknown as LogEntry)).toEqual(encodeEntry(without))
  })
})

describe('state in the metadata', () => {
  const holding = (state: object) => ({ ...smallCheckpoint, tasks: [{ ...task, state: [state] }] })

  it.each([
    ['of another length than it says', { ...inlineState, size: 22 }],
    ['that is not Base64', { ...inlineState, inline: '*'.repeat(32) }],
    ['that lies in a file too', { ...inlineState, root: 'data', path: 'shared/x.state' }],
  ])('%s is not written, and not read', (_, state) => {
    const entry = holding(state)
    expect(() => encodeEntry(entry as unknown as LogEntry)).toThrow(
      expect.objectContaining({ code: 'InvariantBroken' }),
    )
    expect(() => decodeEntry(sealed(entry))).toThrow(expect.objectContaining({ code: 'CheckpointDamaged' }))
  })

  it('is nothing that format 1 knows', () => {
    const entry = { ...holding(inlineState), formatVersion: 1 }
    expect(() => encodeEntry(entry as unknown as LogEntry)).toThrow(
      expect.objectContaining({ code: 'InvariantBroken' }),
    )
  })

  it.each([0, 1, 2, 3, 1000])('takes any number of bytes: %i', (size) => {
    const state = { ...inlineState, inline: Buffer.alloc(size, 7).toString('base64'), size }
    const entry = holding(state) as unknown as LogEntry
    expect(decodeEntry(encodeEntry(entry))).toEqual(entry)
  })
})

describe('damage', () => {
  it('in any single byte is detected', () => {
    const whole = encodeEntry(aborted)
    for (let index = 0; index < whole.length; index++) {
      for (const flip of [0x01, 0x20, 0x80, 0xff]) {
        const bytes = whole.slice()
        bytes[index] = (bytes[index] ?? 0) ^ flip
        expect(() => decodeEntry(bytes)).toThrow(expect.objectContaining({ code: 'CheckpointDamaged' }))
      }
    }
  })

  it('by cutting or lengthening is detected', () => {
    const whole = encodeEntry(checkpoint)
    for (let length = 0; length < whole.length; length += 7) {
      expect(() => decodeEntry(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'CheckpointDamaged' }),
      )
    }
    expect(() => decodeEntry(Buffer.concat([whole, Buffer.from(' ')]))).toThrow(
      expect.objectContaining({ code: 'CheckpointDamaged' }),
    )
  })

  it('names the path', () => {
    expect(() => decodeEntry(Buffer.from('{}'), 'file:///x/chk-1/_metadata')).toThrow(
      expect.objectContaining({ path: 'file:///x/chk-1/_metadata', message: expect.stringContaining('file:///x') }),
    )
  })
})

describe('formats', () => {
  it('newer than this program are told apart from damage', () => {
    expect(() => decodeEntry(sealed({ formatVersion: 3, anything: 'else' }))).toThrow(
      expect.objectContaining({ code: 'UnsupportedFormat', message: expect.stringContaining('upgrade') }),
    )
    expect(() => decodeExecutionRecord(sealed({ formatVersion: 99 }))).toThrow(
      expect.objectContaining({ code: 'UnsupportedFormat' }),
    )
  })

  it.each([
    ['no version', { kind: 'claim' }],
    ['version 0', { ...claim, formatVersion: 0 }],
    ['version text', { ...claim, formatVersion: '1' }],
    ['an unknown kind', { ...claim, kind: 'other' }],
    ['an unknown member', { ...claim, surprise: 1 }],
    ['a missing member', { ...claim, nonce: undefined }],
    ['number 0', { ...claim, number: 0 }],
    ['a fraction', { ...claim, committedThrough: 0.5 }],
    ['alive out of order', { ...claim, alive: [3, 2] }],
    ['alive twice', { ...claim, alive: [3, 3] }],
    ['alive after itself', { ...claim, alive: [8] }],
    ['a claim that owns by another', { ...claim, owner: { claim: 6, run: 'r' } }],
    ['a job that climbs', { ...claim, job: '../x' }],
    ['a time without zone', { ...claim, at: '2026-01-02T03:04:05' }],
    ['an ancestry with a repeated execution', { ...claim, ancestry: [common('a'), common('a')] }],
    [
      'a state path that climbs',
      { ...checkpoint, tasks: [{ ...task, state: [{ ...task.state[0], path: '../../x' }] }] },
    ],
    [
      'an absolute state path',
      { ...checkpoint, tasks: [{ ...task, state: [{ ...task.state[0], path: '/etc/passwd' }] }] },
    ],
    ['a short checksum', { ...checkpoint, tasks: [{ ...task, state: [{ ...task.state[0], checksum: 'sha256:ab' }] }] }],
  ])('refuse %s, reading and writing', (_, value) => {
    expect(() => decodeEntry(sealed(value))).toThrow(expect.objectContaining({ code: 'CheckpointDamaged' }))
    expect(() => encodeEntry(value as unknown as LogEntry)).toThrow(
      expect.objectContaining({ code: 'InvariantBroken' }),
    )
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1, Symbol('x')])('refuse %s inside a position', (value) => {
    const splits = [{ source: 's', split: 'x', position: { value } as unknown as Json, finished: false }]
    expect(() => encodeEntry({ ...checkpoint, tasks: [{ ...task, splits }] })).toThrow(
      expect.objectContaining({ code: 'InvariantBroken' }),
    )
  })
})

function sealed(value: object): Uint8Array {
  return seal(canonicalJson(value))
}

function common(execution: string) {
  return { execution, through: 1 }
}
