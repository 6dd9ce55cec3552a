import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinUri, normalizeUri, openStorage, splitUri } from '../../src/storage/index.js'

describe('normalizeUri', () => {
  it.each([
    ['/var/checkpoints', 'file:///var/checkpoints'],
    ['/var/checkpoints/', 'file:///var/checkpoints'],
    ['/var//x/../checkpoints///', 'file:///var/checkpoints'],
    ['file:///var/checkpoints/', 'file:///var/checkpoints'],
    ['file:/var/checkpoints', 'file:///var/checkpoints'],
    ['FILE:///var', 'file:///var'],
    ['file:///a%20b', 'file:///a%20b'],
    ['/a b', 'file:///a%20b'],
    ['/100%', 'file:///100%25'],
    ['/é', 'file:///%C3%A9'],
    ['/', 'file:///'],
    ['memory://lab', 'memory://lab'],
    ['memory://lab/', 'memory://lab'],
    ['memory://lab//a/b/', 'memory://lab/a/b'],
    ['s3://bucket', 's3://bucket'],
    ['s3://bucket/', 's3://bucket'],
    ['s3://bucket//a b/%41/', 's3://bucket/a b/%41'],
    ['S3A://my-bucket/prefix', 's3://my-bucket/prefix'],
    ['s3p://my.bucket/x', 's3://my.bucket/x'],
    ['hdfs:///checkpoints/', 'hdfs:///checkpoints'],
    ['hdfs:/checkpoints', 'hdfs:///checkpoints'],
    ['HDFS://Service//a b/%41/', 'hdfs://Service/a b/%41'],
    ['hdfs://nn:8020', 'hdfs://nn:8020'],
    ['hdfs:///', 'hdfs://'],
    ['swebhdfs://nn:9871/x', 'swebhdfs://nn:9871/x'],
  ])('%s becomes %s', (input, output) => {
    expect(normalizeUri(input)).toBe(output)
    expect(normalizeUri(output)).toBe(output)
  })

  it('takes relative paths from the base, or from the working directory', () => {
    expect(normalizeUri('data', '/base')).toBe('file:///base/data')
    expect(normalizeUri('../data', 'file:///base/x')).toBe('file:///base/data')
    expect(normalizeUri('data')).toBe(pathToFileURL(join(process.cwd(), 'data')).href)
    expect(normalizeUri('file:///abs', '/base')).toBe('file:///abs')
  })

  it.each([
    '',
    'ftp://host/x',
    'file://host/x',
    'file:relative',
    'file:///a?b',
    'file:///a#b',
    'file:///a%2Fb',
    'memory://',
    'memory:///x',
    'memory://a/../b',
    's3://',
    's3:///prefix',
    's3://Bucket/x',
    's3://b/x',
    's3://bucket/../x',
    's3://user:secret@bucket/x',
    'hdfs://user:secret@nn:8020/x',
    'hdfs://nn:port/x',
    'hdfs:///a/../x',
    'a\0b',
  ])('refuses %j in one sentence', (uri) => {
    expect(() => normalizeUri(uri)).toThrow(expect.objectContaining({ code: 'InvalidConfiguration' }))
  })

  it('has one spelling for any path, which leads back to it', () => {
    const segment = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 12 })
      .map((text) => text.replace(/[/\0\\]/g, '_'))
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const uri = normalizeUri(`/base/${segments.join('/')}`)
        expect(normalizeUri(uri)).toBe(uri)
        expect(uri).not.toMatch(/\/$/)
      }),
    )
  })

  it.each(['/a/\u0001', '/a/b ', '/a/\u001f/c'])('loses no character of %j', (path) => {
    expect(fileURLToPath(normalizeUri(path))).toBe(path)
  })
})

it('joins and splits', () => {
  expect(joinUri('file:///a%20b', 'chk-1/_metadata')).toBe('file:///a%20b/chk-1/_metadata')
  expect(joinUri('memory://lab', 'x')).toBe('memory://lab/x')
  expect(splitUri('file:///a/chk-1')).toEqual({ parent: 'file:///a', last: 'chk-1' })
  expect(splitUri('memory://lab/chk-1')).toEqual({ parent: 'memory://lab', last: 'chk-1' })
  expect(splitUri('file:///')).toBeUndefined()
  expect(splitUri('memory://lab')).toBeUndefined()
  expect(joinUri('s3://bucket/a', 'job/x')).toBe('s3://bucket/a/job/x')
  expect(splitUri('s3://bucket/50%/chk-1')).toEqual({ parent: 's3://bucket/50%', last: 'chk-1' })
  expect(joinUri('hdfs:///', 'job')).toBe('hdfs:///job')
  expect(joinUri('hdfs:///a', 'job/x')).toBe('hdfs:///a/job/x')
  expect(splitUri('hdfs:///a/chk-1')).toEqual({ parent: 'hdfs:///a', last: 'chk-1' })
  expect(splitUri('hdfs:///a')).toBeUndefined()
  expect(splitUri('hdfs://nn:8020/a')).toEqual({ parent: 'hdfs://nn:8020', last: 'a' })
  expect(splitUri('hdfs://nn:8020')).toBeUndefined()
  expect(splitUri('s3://bucket/50%')).toEqual({ parent: 's3://bucket', last: '50%' })
  expect(splitUri('s3://bucket')).toBeUndefined()
})

it('opens by scheme', () => {
  expect(openStorage('/var/x/').uri).toBe('file:///var/x')
  expect(openStorage(`memory://${randomUUID()}`).uri).toMatch(/^memory:/)
  expect(openStorage('s3a://bucket/x/').uri).toBe('s3://bucket/x')
  expect(openStorage('hdfs:///checkpoints/').uri).toBe('hdfs:///checkpoints')
})
