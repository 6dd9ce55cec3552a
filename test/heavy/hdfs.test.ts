import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { openStorage } from '../../src/storage/index.js'
import { storageContract } from '../storage/contract.js'
import { processContract } from '../storage/process-contract.js'
import { type HdfsServer, startHdfs } from '../support/servers/hdfs/hdfs-server.js'

let server: HdfsServer
beforeAll(async () => {
  server = await startHdfs()
  Object.assign(process.env, server.env)
})
afterAll(() => server.stop())

const open = async () => openStorage(`hdfs:///a folder/${randomUUID()}`)
storageContract('hdfs', open)
processContract('hdfs', async () => ({ storage: await open() }), 1024)
