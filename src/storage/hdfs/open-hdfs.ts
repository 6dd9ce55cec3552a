import { type HdfsSettings, storageSettings } from '../settings.js'
import { connect } from './connection.js'
import { HdfsStorage } from './hdfs-storage.js'
import type { HdfsUri } from './hdfs-uri.js'
import { WebHdfs } from './webhdfs.js'

/** One for each cluster and user: connections and what is known of servers are shared by every store of this thread. */
const clusters = new Map<string, WebHdfs>()

export function openHdfs(
  { uri, path, protocol, authority }: HdfsUri,
  settings: HdfsSettings = storageSettings().hdfs,
): HdfsStorage {
  const { HADOOP_CONF_DIR, HADOOP_USER_NAME } = process.env
  const key = JSON.stringify([protocol, authority, settings, HADOOP_CONF_DIR, HADOOP_USER_NAME])
  const cluster = clusters.get(key) ?? new WebHdfs(() => connect({ protocol, authority }, settings))
  clusters.set(key, cluster)
  return new HdfsStorage(uri, path, cluster)
}
