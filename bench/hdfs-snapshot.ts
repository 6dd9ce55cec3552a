import { randomBytes } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { KeyedStateStore } from '../src/engine/embedded/state/keyed-state-store.js'
import { writeState } from '../src/engine/embedded/task/write-state.js'
import { StateWriters } from '../src/engine/embedded/writer/state-writers.js'
import { openStorage } from '../src/storage/index.js'
import { startHdfs } from '../test/support/servers/hdfs/hdfs-server.js'
import type { Benchmark } from './benchmark.js'

const keys = 100_000
const valueLength = 1_000

export const hdfsSnapshot: Benchmark = {
  name: 'hdfs-snapshot',
  title: 'A snapshot of 100 MB of state to HDFS',
  description:
    `A task's state, ${keys} keys with values of ${valueLength} characters, is cut, encoded, hashed and written to HDFS (Hadoop's mini cluster on ` +
    'the same machine, one replica). Beside it a plain WebHDFS upload of as many bytes at hand, in two requests as curl does it. Tidemark has the ' +
    'data node force each block to its disk (SYNC_BLOCK), and renames the file when it is whole; the plain upload does neither. The stream sends ' +
    'the bytes of the plain upload through the driver alone.',
  compares: { figure: 'MB/s', better: 'higher' },
  prepare: async ({ onClose }) => {
    const server = await startHdfs()
    onClose(() => server.stop())
    Object.assign(process.env, server.env)
    const data = openStorage('hdfs:///bench')
    const store = new KeyedStateStore<string>({ operator: 'bench', stateVersion: 1, incremental: false })
    for (let key = 0; key < keys; key++) store.set(`key-${key}`, randomBytes(valueLength / 2).toString('hex'))
    const writers = new StateWriters()
    onClose(() => writers.close())
    const openWriter = async () => writers.open()
    let number = 0
    const snapshot = async () => {
      number++
      const scope = { kind: 'job' } as const
      const context = {
        job: 'bench',
        execution: 'bench',
        attempt: 1,
        task: 0,
        scope,
        shared: false,
        number,
        openWriter,
      }
      const { handles } = await writeState(data, 'bench', store.cut(number, undefined), context)
      return handles[0]?.size ?? 0
    }
    const size = await snapshot()
    const bytes = randomBytes(size)
    const throughput = async (work: () => Promise<unknown>) => {
      const begin = performance.now()
      await work()
      return { 'MB/s': size / 1e3 / (performance.now() - begin) }
    }
    const upload = () => plainUpload(server.http, `/plain-${number++}`, server.env.HADOOP_USER_NAME, bytes)
    return [
      { name: 'plain WebHDFS upload', run: () => throughput(upload) },
      { name: 'stream of those bytes', run: () => throughput(() => data.write(`stream-${number++}`, pieces(bytes))) },
      { name: 'snapshot', run: () => throughput(snapshot) },
    ]
  },
}

async function* pieces(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 256 * 1024) yield bytes.subarray(at, at + 256 * 1024)
}

async function plainUpload(http: string, path: string, user: string, bytes: Buffer): Promise<void> {
  const asked = await put(`http://${http}/webhdfs/v1${path}?op=CREATE&user.name=${user}`)
  const answer = await put(String(asked.headers.location), bytes)
  if (answer.statusCode !== 201) throw new Error(`The upload ended with ${answer.statusCode}.`)
}

function put(url: string, body: Buffer = Buffer.alloc(0)): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': body.length }
    request(url, { method: 'PUT', headers }, (answer) => resolve(answer.resume()))
      .on('error', reject)
      .end(body)
  })
}
