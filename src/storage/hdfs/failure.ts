import { messageOf } from '../../errors.js'

/** Why a request had no success. What the driver does next depends on nothing else. */
export type FailureKind =
  /** Nobody took the request: it has certainly not been done. */
  | 'unreachable'
  /** Its certificate is not one that we trust. */
  | 'untrusted'
  /** It was sent, and no whole answer came: it may have been done, or be done yet. */
  | 'no-answer'
  /** An error inside the server, which may pass; it may have been done. */
  | 'busy'
  /** The name node is not the active one. */
  | 'standby'
  | 'safe-mode'
  /** The name node knows no data node for it. */
  | 'no-data-node'
  | 'not-found'
  | 'exists'
  | 'not-empty'
  /** A file is where the path needs a folder. */
  | 'not-a-folder'
  | 'invalid-path'
  | 'denied'
  | 'unauthenticated'
  | 'quota'
  /** Something answers, and it is not WebHDFS. */
  | 'not-webhdfs'
  | 'refused'

export class HdfsFailure extends Error {
  readonly kind: FailureKind
  readonly host: string

  constructor(kind: FailureKind, host: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
    this.host = host
  }
}

export class Unreachable extends HdfsFailure {
  constructor(host: string, cause: unknown) {
    super(isAboutCertificate(cause) ? 'untrusted' : 'unreachable', host, messageOf(cause), cause)
  }
}

function isAboutCertificate(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /CERT|UNABLE_TO_(?:VERIFY|GET_ISSUER)/.test(code)
}

export class NoAnswer extends HdfsFailure {
  constructor(host: string, cause: unknown) {
    super('no-answer', host, messageOf(cause), cause)
  }
}

export function isFailure(error: unknown, ...kinds: FailureKind[]): error is HdfsFailure {
  return error instanceof HdfsFailure && kinds.includes(error.kind)
}

/** Whether another try may have success. */
export function mayPass(error: unknown): boolean {
  return isFailure(error, 'unreachable', 'no-answer', 'busy', 'standby', 'safe-mode', 'no-data-node')
}

/** Whether what was asked for may have been done although it failed. */
export function mayHaveHappened(error: unknown): boolean {
  return isFailure(error, 'no-answer', 'busy')
}

const kinds: Readonly<Record<string, FailureKind>> = {
  FileNotFoundException: 'not-found',
  FileAlreadyExistsException: 'exists',
  PathIsNotEmptyDirectoryException: 'not-empty',
  ParentNotDirectoryException: 'not-a-folder',
  InvalidPathException: 'invalid-path',
  PathComponentTooLongException: 'invalid-path',
  AccessControlException: 'denied',
  AuthorizationException: 'denied',
  SecurityException: 'unauthenticated',
  InvalidToken: 'unauthenticated',
  StandbyException: 'standby',
  ObserverRetryOnActiveException: 'standby',
  SafeModeException: 'safe-mode',
  RetriableException: 'busy',
  NSQuotaExceededException: 'quota',
  DSQuotaExceededException: 'quota',
  QuotaExceededException: 'quota',
  QuotaByStorageTypeExceededException: 'quota',
  MaxDirectoryItemsExceededException: 'quota',
}

/** A refusal of a name node or a data node, read from its body. */
export function failureOf(host: string, status: number, body: string): HdfsFailure {
  const remote = remoteException(body)
  if (remote === undefined) {
    if (status === 401) return new HdfsFailure('unauthenticated', host, 'it asks for a login')
    if (status >= 500) return new HdfsFailure('busy', host, `it answered ${status}`)
    return new HdfsFailure('not-webhdfs', host, `it answered ${status}, not as WebHDFS does`)
  }
  // A data node passes on, with its stack, what it was told by the name node.
  const message = remote.message.split('\n')[0] ?? ''
  return new HdfsFailure(kindOf(status, remote.exception, message), host, message)
}

function kindOf(status: number, exception: string, message: string): FailureKind {
  if (exception === 'AccessControlException' && message.includes('(is not a directory)')) return 'not-a-folder'
  if (message.includes('Failed to find datanode')) return 'no-data-node'
  if (message.includes('startup mode')) return 'busy'
  // The name node had not heard of the last block from its data nodes in time.
  if (message.includes('does not have enough number of replicas')) return 'busy'
  if (message.includes('could only be written to 0 of')) return 'no-data-node'
  return kinds[exception] ?? (status >= 500 ? 'busy' : 'refused')
}

function remoteException(body: string): { readonly exception: string; readonly message: string } | undefined {
  try {
    const { exception, message } = JSON.parse(body).RemoteException
    return { exception: String(exception), message: String(message) }
  } catch {
    return undefined
  }
}
