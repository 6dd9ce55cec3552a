import { expect, it } from 'vitest'
import { nameNodesOf } from '../../../src/storage/hdfs/name-nodes.js'

/** Where a URI leads to under some of Hadoop's settings. */
function addresses(uri: string, properties: Readonly<Record<string, string>> = {}): string[] {
  const [, protocol, authority = ''] = /^(hdfs|webhdfs|swebhdfs):\/\/([^/]*)/.exec(uri) ?? []
  const parsed = { protocol: protocol as 'hdfs' | 'webhdfs' | 'swebhdfs', authority }
  return nameNodesOf(parsed, new Map(Object.entries(properties))).map((url) => url.origin)
}

const own = { 'fs.defaultFS': 'hdfs://nn:8020' }
const service = {
  'fs.defaultFS': 'hdfs://prod',
  'dfs.nameservices': 'prod, other',
  'dfs.ha.namenodes.prod': 'nn1, nn2',
  'dfs.namenode.rpc-address.prod.nn1': 'a:8020',
  'dfs.namenode.rpc-address.prod.nn2': 'b:8020',
  'dfs.namenode.http-address.prod.nn2': '0.0.0.0:50070',
}

it.each<[string, Readonly<Record<string, string>>, string[]]>([
  ['hdfs://nn:8020', {}, ['http://nn:9870']],
  ['hdfs://nn', {}, ['http://nn:9870']],
  ['hdfs://[::1]:8020', {}, ['http://[::1]:9870']],
  ['hdfs://nn:8020', { 'dfs.http.policy': 'HTTPS_ONLY' }, ['https://nn:9871']],
  ['hdfs://nn:8020', { 'dfs.namenode.http-address': 'web:1234' }, ['http://web:1234']],
  ['hdfs://nn:8020', { 'dfs.namenode.http-address': '0.0.0.0:1234' }, ['http://nn:1234']],
  ['hdfs:///', own, ['http://nn:9870']],
  ['hdfs:///', { ...own, 'dfs.namenode.http-address': 'web:1234' }, ['http://web:1234']],
  // What is configured for one cluster says nothing of another.
  ['hdfs://elsewhere:8020', { ...own, 'dfs.namenode.http-address': 'web:1234' }, ['http://elsewhere:9870']],
  ['hdfs:///', { 'fs.default.name': 'hdfs://old:9000/' }, ['http://old:9870']],
  ['hdfs:///', { 'fs.defaultFS': 'swebhdfs://nn:9871' }, ['https://nn:9871']],
  ['hdfs:///', service, ['http://a:9870', 'http://b:50070']],
  ['hdfs://prod', service, ['http://a:9870', 'http://b:50070']],
  ['swebhdfs://prod', service, ['https://a:9871', 'https://b:9871']],
  ['hdfs://one', { 'dfs.nameservices': 'one', 'dfs.namenode.http-address.one': 'x:1' }, ['http://x:1']],
  ['webhdfs://nn:1234', own, ['http://nn:1234']],
  ['webhdfs://nn', {}, ['http://nn:9870']],
  ['swebhdfs://nn:1234', {}, ['https://nn:1234']],
])('%s with %j is at %j', (uri, properties, expected) => {
  expect(addresses(uri, properties)).toEqual(expected)
})

it.each<[string, Readonly<Record<string, string>>, RegExp]>([
  ['hdfs:///', {}, /fs\.defaultFS, which is not set: set HADOOP_CONF_DIR/],
  ['hdfs:///', { 'fs.defaultFS': 'file:///' }, /which is file:\/\/\/, which is no HDFS|which is file/],
  ['hdfs://one', { 'dfs.nameservices': 'one' }, /set dfs\.namenode\.http-address\.one in hdfs-site\.xml/],
  ['hdfs://nn', { 'dfs.namenode.http-address': 'a b:1' }, /a b:1 is no address/],
])('%s with %j cannot be resolved, and says what to set', (uri, properties, message) => {
  expect(() => addresses(uri, properties)).toThrow(expect.objectContaining({ code: 'InvalidConfiguration' }))
  expect(() => addresses(uri, properties)).toThrow(message)
})
