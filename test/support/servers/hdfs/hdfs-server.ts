import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { claimPort } from '../../../../src/temporal/free-port.js'
import { runTool } from '../../../../src/temporal/run-tool.js'
import { cached } from '../../cached.js'
import { startServerProcess } from '../server-process.js'

/** The version in pom.xml. */
const version = '3.4.1'
const pom = fileURLToPath(new URL('./pom.xml', import.meta.url))

/** HDFS with WebHDFS on this machine, for tests, the demo and benchmarks. */
export interface HdfsServer {
  /** `hdfs://127.0.0.1:port`, by Hadoop's own protocol. */
  readonly uri: string
  /** `host:port` of WebHDFS. */
  readonly http: string
  /** The same over TLS, where it was asked for, with the certificate to trust. */
  readonly tls?: { readonly https: string; readonly caFile: string }
  /** For the processes that use it: they know it by Hadoop's configuration files, so `hdfs:///` works. */
  readonly env: { readonly HADOOP_CONF_DIR: string; readonly HADOOP_USER_NAME: string }
  /** Settings for a `tidemark.yaml`: none, the environment tells all. */
  readonly configuration: Readonly<Record<string, string>>
  /** At once, as a crash would: name node and data node. */
  kill(): Promise<void>
  /** After `kill`, at the same address, with what was on its disks. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Any user can be claimed; this one is nobody on the machine. It owns the top folder. */
const user = 'tidemark'

interface HdfsOptions {
  readonly tls?: boolean
}

/** Somebody else may take a port before the server does. */
const attempts = 3

/** Hadoop's mini cluster: the real servers, in one JVM. Needs Java and Maven; downloads 80 MB at the first use. */
export async function startHdfs(options: HdfsOptions = {}): Promise<HdfsServer> {
  for (let attempt = 1; ; attempt++) {
    const directory = await mkdtemp(join(tmpdir(), 'tidemark-hdfs-'))
    try {
      return await startIn(directory, options)
    } catch (error) {
      await rm(directory, { recursive: true, force: true })
      if (attempt === attempts || !String(error).includes('BindException')) throw error
    }
  }
}

async function startIn(directory: string, options: HdfsOptions): Promise<HdfsServer> {
  const jars = await hadoop()
  const rpc = await claimPort(undefined, '127.0.0.1', 'HDFS')
  const http = await claimPort(undefined, '127.0.0.1', 'WebHDFS')
  const uri = `hdfs://127.0.0.1:${rpc}`
  const confDir = join(directory, 'conf')
  await mkdir(confDir)
  await writeHadoopFile(join(confDir, 'core-site.xml'), { 'fs.defaultFS': uri })
  await writeHadoopFile(join(confDir, 'hdfs-site.xml'), { 'dfs.namenode.http-address': `127.0.0.1:${http}` })
  const tls = options.tls === true ? await prepareTls(confDir) : undefined
  const settings = Object.entries({
    'dfs.webhdfs.enabled': 'true',
    // Where a data node closes a file before the name node has heard of its last block, it asks again after so many milliseconds, doubled
    // each time, and so often: ten seconds in all, as by default.
    'dfs.client.block.write.locateFollowingBlock.initial.delay.ms': '5',
    'dfs.client.block.write.locateFollowingBlock.retries': '11',
    ...tls?.properties,
  })
  const start = async (...more: string[]) => {
    const server = await startServerProcess({
      command: 'java',
      args: [
        // Without it WebHDFS answers 500 on Java 17.
        ...['--add-opens', 'java.base/java.lang=ALL-UNNAMED', '-Xmx512m', '-Djava.net.preferIPv4Stack=true'],
        ...[`-Dtest.build.data=${directory}/data`, `-Dhdfs.minidfs.basedir=${directory}/data`],
        ...['-cp', `${confDir}:${jars}/*`, 'org.apache.hadoop.test.MiniDFSClusterManager'],
        ...['-datanodes', '1', '-nnport', String(rpc), '-httpport', String(http), ...more],
        ...settings.flatMap(([name, value]) => ['-D', `${name}=${value}`]),
      ],
      env: { HADOOP_USER_NAME: user },
      readyUrl: `http://127.0.0.1:${http}/webhdfs/v1/?op=LISTSTATUS`,
    })
    await untilWritable(`127.0.0.1:${http}`)
    return server
  }
  let server = await start('-format')
  return {
    uri,
    http: `127.0.0.1:${http}`,
    ...(tls && { tls: { https: tls.https, caFile: tls.caFile } }),
    env: { HADOOP_CONF_DIR: confDir, HADOOP_USER_NAME: user },
    configuration: {},
    kill: () => server.kill(),
    async restart() {
      server = await start()
    },
    async stop() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A certificate that the servers find in their class path, and the settings that make them serve TLS too. */
async function prepareTls(confDir: string) {
  const store = join(confDir, 'keystore.p12')
  const caFile = join(confDir, 'ca.pem')
  const password = 'not a secret'
  const keystore = ['-keystore', store, '-storetype', 'PKCS12', '-storepass', password, '-alias', 'hdfs']
  const subject = ['-dname', 'CN=localhost', '-ext', 'san=ip:127.0.0.1,dns:localhost', '-validity', '7']
  await runTool('keytool', ['-genkeypair', '-keyalg', 'RSA', ...subject, ...keystore])
  await runTool('keytool', ['-exportcert', '-rfc', '-file', caFile, ...keystore])
  const files = (side: 'server' | 'client') => ({
    [`ssl.${side}.keystore.location`]: store,
    [`ssl.${side}.keystore.type`]: 'PKCS12',
    [`ssl.${side}.keystore.password`]: password,
    [`ssl.${side}.keystore.keypassword`]: password,
    [`ssl.${side}.truststore.location`]: store,
    [`ssl.${side}.truststore.type`]: 'PKCS12',
    [`ssl.${side}.truststore.password`]: password,
  })
  for (const side of ['server', 'client'] as const) {
    await writeHadoopFile(join(confDir, `ssl-${side}.xml`), files(side))
  }
  const https = `127.0.0.1:${await claimPort(undefined, '127.0.0.1', 'WebHDFS over TLS')}`
  const properties = {
    'dfs.http.policy': 'HTTP_AND_HTTPS',
    'dfs.namenode.https-address': https,
    'dfs.datanode.https.address': '127.0.0.1:0',
  }
  return { https, caFile, properties }
}

/** A file of Hadoop's configuration. */
export async function writeHadoopFile(path: string, properties: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(properties).map(
    ([name, value]) => `  <property><name>${name}</name><value>${value}</value></property>`,
  )
  await writeFile(path, ['<?xml version="1.0"?>', '<configuration>', ...lines, '</configuration>', ''].join('\n'))
}

/** A name node answers before a data node has reported to it. */
async function untilWritable(http: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://${http}/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo`)
    const [info] = ((await answer.json()) as { beans: { Safemode: string; LiveNodes: string }[] }).beans
    if (info?.Safemode === '' && info.LiveNodes !== '{}') return
    await delay(50)
  }
}

/** The directory of Hadoop's jars. */
function hadoop(): Promise<string> {
  return cached(`hadoop-${version}`, async (partial) => {
    const target = [`-DoutputDirectory=${partial}`, '-DincludeScope=runtime']
    await runTool('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', ...target])
  })
}
