import { messageOf, TidemarkError } from '../../errors.js'
import { type FailureKind, HdfsFailure } from './failure.js'

/** A server that will not, as opposed to one that cannot now. */
const refusals: readonly FailureKind[] = ['untrusted', 'denied', 'unauthenticated', 'quota', 'not-webhdfs', 'refused']

/** What to do about each, after what happened. */
const remedies: Partial<Record<FailureKind, (failure: HdfsFailure) => string>> = {
  unreachable: ({ host, message }) =>
    `${host} cannot be reached (${message}); check that the server runs and that this host reaches it: name nodes by dfs.namenode.http-address, data nodes by the names that they have in the cluster`,
  untrusted: ({ host, message }) =>
    `the certificate of ${host} is not trusted (${message}); name the authority that signed it in tidemark.hdfs.ca-file`,
  'no-answer': ({ host, message }) => `${host} gave no whole answer (${message})`,
  busy: ({ host, message }) => `${host} failed (${message})`,
  standby: ({ host }) =>
    `${host} is a standby name node; name the service (dfs.nameservices) in the URI rather than one of its hosts`,
  'safe-mode': ({ host }) =>
    `the name node ${host} is in safe mode; wait until enough data nodes have reported, or end it with hdfs dfsadmin -safemode leave`,
  'no-data-node': ({ message }) => `no data node takes part (${message}); hdfs dfsadmin -report shows which are alive`,
  denied: ({ message }) => `${message}; set HADOOP_USER_NAME to a user who may, or change the owner of the directory`,
  unauthenticated: ({ host }) =>
    `${host} demands a login (Kerberos or a token), which is not supported; reach the cluster through a gateway that logs in, such as HttpFS`,
  quota: ({ message }) => `${message}; raise the quota of the directory, or free space below it`,
  'not-webhdfs': ({ host, message }) =>
    `${host} does not speak WebHDFS (${message}); give the HTTP port of the name node (9870), and see that dfs.webhdfs.enabled is true`,
}

/**
 * What the store could not do, as an error to retry; a path that it cannot hold, as one to correct. Never used for "not there": a store that
 * refused or did not answer has said nothing about what exists.
 */
export function unavailable(doing: string, uri: string, error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error
  const refused = error instanceof HdfsFailure && refusals.includes(error.kind) ? error.kind : undefined
  const options = { path: uri, cause: error, ...(refused !== undefined && { details: { refused } }) }
  if (error instanceof HdfsFailure && error.kind === 'invalid-path') {
    return new TidemarkError('InvalidPath', `HDFS cannot hold ${uri}: ${error.message}.`, options)
  }
  const remedy = error instanceof HdfsFailure ? remedies[error.kind]?.(error) : undefined
  const reason = (remedy ?? messageOf(error)).replace(/\.$/, '')
  return new TidemarkError('StorageUnavailable', `Cannot ${doing} ${uri}: ${reason}.`, options)
}
