import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { loadHadoopProperties } from '../../../src/storage/hdfs/hadoop-properties.js'
import { temporaryDirectory } from '../temporary-directory.js'

/** As distributions write them: a declaration, a style sheet, comments, `final`, descriptions. */
const core = `<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="configuration.xsl"?>
<!-- Put site-specific property overrides in this file. -->
<configuration>
  <property>
    <name>fs.defaultFS</name>
    <value>hdfs://\${namenode}:8020</value>
    <final>true</final>
    <description>A &amp; B</description>
  </property>
  <property><name>namenode</name><value> nn-\${env.CLUSTER:-none}.example </value></property>
</configuration>`
const hdfs = `<configuration>
  <property><name>dfs.replication</name><value>02</value></property>
  <property><name>home</name><value>/user/\${user.name}/\${unknown}</value></property>
  <property><name>turn</name><value>\${turn}</value></property>
  <property><name>empty</name><value></value></property>
</configuration>`

it("reads Hadoop's files, replaces variables, and lets our own settings win", async () => {
  process.env.CLUSTER = 'one'
  onTestFinished(() => {
    delete process.env.CLUSTER
  })
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'core-site.xml'), core)
  await writeFile(join(directory, 'hdfs-site.xml'), hdfs)
  const properties = await loadHadoopProperties(directory, { 'dfs.http.policy': 'HTTPS_ONLY' })
  expect(Object.fromEntries(properties)).toEqual({
    'fs.defaultFS': 'hdfs://nn-one.example:8020',
    namenode: 'nn-one.example',
    'dfs.replication': '02',
    home: `/user/${userInfo().username}/\${unknown}`,
    turn: `\${turn}`,
    empty: '',
    'dfs.http.policy': 'HTTPS_ONLY',
  })
  expect((await loadHadoopProperties(directory, { 'fs.defaultFS': 'hdfs://other' })).get('fs.defaultFS')).toBe(
    'hdfs://other',
  )
})

it('is content with one of the two, and with none where no directory is named', async () => {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'core-site.xml'), '<configuration/>')
  expect([...(await loadHadoopProperties(directory, {}))]).toEqual([])
  expect([...(await loadHadoopProperties(undefined, { a: 'b' }))]).toEqual([['a', 'b']])
})

it('names a directory without them, and the line of what is no XML', async () => {
  const directory = await temporaryDirectory()
  const load = () => loadHadoopProperties(directory, {})
  await expect(load()).rejects.toMatchObject({ code: 'InvalidConfiguration', path: directory })
  const file = join(directory, 'hdfs-site.xml')
  await writeFile(file, '<configuration>\n<property>\n</configuration>')
  await expect(load()).rejects.toThrow(`${file}:3 is no XML`)
})
