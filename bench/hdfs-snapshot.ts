import { type IncomingMessage, request } from 'node:http'
import { startHdfs } from '../test/support/servers/hdfs/hdfs-server.js'
import { type RemoteBenchmark, remoteSnapshot } from './remote-snapshot.js'

const hdfs: RemoteBenchmark = {
  name: 'hdfs-snapshot',
  title: 'A snapshot of 100 MB of state to HDFS',
  protocol: 'HDFS (Hadoop’s mini cluster, one replica)',
  about:
    'The plain upload sends as many bytes, which are in memory already, in two requests to WebHDFS as curl does it. Tidemark has the data node ' +
    'force each block to its disk (SYNC_BLOCK), and renames the file when it is whole; the plain upload does neither, the one after it the former.',
  async start({ onClose }) {
    const server = await startHdfs()
    onClose(() => server.stop())
    const user = server.env.HADOOP_USER_NAME
    process.env.HADOOP_USER_NAME = user
    let uploads = 0
    return {
      uri: `${server.uri}/bench`,
      settings: { hdfs: { confDir: server.env.HADOOP_CONF_DIR, properties: {} } },
      uploads: async (content) => ({
        'plain WebHDFS upload': () => plainUpload(server.http, `/plain-${uploads++}`, user, content),
        'the same, forced to disk': () =>
          plainUpload(server.http, `/plain-${uploads++}`, user, content, '&createflag=CREATE,SYNC_BLOCK'),
      }),
    }
  },
}

export const hdfsSnapshot = remoteSnapshot(hdfs)

export const hdfsSnapshotApart = remoteSnapshot({
  ...hdfs,
  name: 'hdfs-snapshot-apart',
  title: 'A snapshot of 100 MB of state to HDFS, on processors of its own',
  apart: true,
})

async function plainUpload(
  http: string,
  path: string,
  user: string,
  bytes: Buffer,
  parameters: '' | `&${string}` = '',
): Promise<void> {
  const asked = await put(`http://${http}/webhdfs/v1${path}?op=CREATE&user.name=${user}${parameters}`)
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
