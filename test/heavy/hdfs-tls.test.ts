import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseHdfsUri } from '../../src/storage/hdfs/hdfs-uri.js'
import { openHdfs } from '../../src/storage/hdfs/open-hdfs.js'
import type { HdfsSettings } from '../../src/storage/settings.js'
import { storageContract } from '../storage/contract.js'
import { type HdfsServer, startHdfs } from '../support/servers/hdfs/hdfs-server.js'

let server: HdfsServer
beforeAll(async () => {
  server = await startHdfs({ tls: true })
  Object.assign(process.env, server.env)
})
afterAll(() => server.stop())

const https = () => server.tls?.https ?? ''
const trusting = (): HdfsSettings => ({ caFile: server.tls?.caFile ?? '', properties: {} })

function storageAt(uri: string, settings: HdfsSettings) {
  const parsed = parseHdfsUri(uri)
  if (parsed === undefined) throw new Error(`${uri} is no URI of HDFS`)
  return openHdfs(parsed, settings)
}

storageContract('swebhdfs', async () => storageAt(`swebhdfs://${https()}/${randomUUID()}`, trusting()))

it('hdfs:// goes over TLS where the policy says so', async () => {
  const properties = { 'dfs.http.policy': 'HTTPS_ONLY', 'dfs.namenode.https-address': https() }
  const secure = storageAt('hdfs:///policy', { ...trusting(), properties })
  await secure.write('x', Buffer.from('x'))
  expect(String(await storageAt('hdfs:///policy', { properties: {} }).read('x'))).toBe('x')
})

it('a certificate that nobody here trusts is StorageUnavailable', async () => {
  const storage = storageAt(`swebhdfs://${https()}/untrusted`, { properties: {} })
  await expect(storage.list('')).rejects.toMatchObject({
    code: 'StorageUnavailable',
    message: expect.stringMatching(/self-signed certificate.*tidemark\.hdfs\.ca-file/),
  })
})

it('a file of certificates that is not there is a fault of the configuration', async () => {
  const storage = storageAt(`swebhdfs://${https()}/x`, { caFile: '/no/such/file.pem', properties: {} })
  await expect(storage.list('')).rejects.toMatchObject({ code: 'InvalidConfiguration' })
})
