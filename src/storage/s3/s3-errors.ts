import { messageOf, TidemarkError } from '../../errors.js'

/** What an answer of the server, or the lack of one, looks like in the SDK. */
interface Failure {
  readonly name: string
  readonly code: string
  readonly status: number | undefined
  readonly region: string | undefined
  /** The SDK could read the answer. */
  readonly understood: boolean
}

function failureOf(error: unknown): Failure {
  const { name, code, Code, Region, $fault, $metadata, $response } = Object(error)
  const header = $response?.headers?.['x-amz-bucket-region']
  return {
    name: String(Code ?? name ?? ''),
    code: String(code ?? ''),
    status: $metadata?.httpStatusCode,
    region: Region ?? header,
    understood: $fault !== undefined,
  }
}

/** A refusal that came inside an answer: it has a name and no status of its own. */
export function refusal(code = 'InternalError', message = ''): Error {
  const httpStatusCode = code === 'InternalError' ? 500 : 400
  return Object.assign(new Error(message || code), { name: code, $fault: 'client', $metadata: { httpStatusCode } })
}

/** The object, of which the server said that it is not there. A missing bucket is something else. */
export function isNoSuchKey(error: unknown): boolean {
  return failureOf(error).name === 'NoSuchKey'
}

export function isNoSuchUpload(error: unknown): boolean {
  return failureOf(error).name === 'NoSuchUpload'
}

/** A conditional write found the name taken. */
export function isPreconditionFailed(error: unknown): boolean {
  return failureOf(error).status === 412
}

export function isBeyondTheEnd(error: unknown): boolean {
  return failureOf(error).status === 416
}

export function isDenied(error: unknown): boolean {
  return failureOf(error).name === 'AccessDenied'
}

/** Refusals that pass: the server is busy, or two conditional writes met. */
const passing = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
  'RequestTimeout',
  'RequestTimeoutException',
  'ConditionalRequestConflict',
  'OperationAborted',
  // The SDK measures how far the clocks are apart and signs the next try with the server's time.
  'RequestTimeTooSkewed',
  'RequestExpired',
  // What came is not what was sent.
  'BadDigest',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
  'IncompleteBody',
])

/** Whether the same request may succeed soon. Nothing that came back at all counts as such, as does whatever the server calls its own fault. */
export function mayPass(error: unknown): boolean {
  const { name, status, understood } = failureOf(error)
  if (error instanceof TidemarkError || credentialNames.has(name) || isRegionMissing(error)) return false
  // An answer that broke off before it could be read says nothing, whatever its first line was.
  if (!understood) return true
  // 501: the server does not know what was asked of it, and will not learn it.
  if (status !== undefined && status !== 200)
    return passing.has(name) || status === 429 || (status >= 500 && status !== 501)
  return true
}

/** How often a write that was denied is tried again: soon, so that a real denial is told within two seconds. */
const deniedTries = 3

/**
 * `mayPass` of one write. MinIO answers "access denied", or "no such key", where the folder of its file system that it was about to write
 * to went with the last object in it: another's delete, at the same time.
 */
export function mayPassWriting(): (error: unknown) => boolean {
  let denied = 0
  return (error) => {
    const { name } = failureOf(error)
    if (name === 'AccessDenied' || name === 'NoSuchKey') return denied++ < deniedTries
    return mayPass(error)
  }
}

/** Whether the server may have done what was asked although no answer said so. */
export function mayHaveHappened(error: unknown): boolean {
  const { status } = failureOf(error)
  return status === undefined || status === 200 || status >= 500
}

const credentialNames = new Set(['CredentialsProviderError', 'TokenProviderError'])

const chain = 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role of the machine'

function isRegionMissing(error: unknown): boolean {
  return messageOf(error).startsWith('Region is missing')
}

/** What the name of a refusal means for the user: a clause that says what to do. */
function explain(error: unknown, bucket: string): string {
  const { name, code, status, region, understood } = failureOf(error)
  switch (name) {
    case 'NoSuchBucket':
      return `the bucket ${bucket} is not there; create it, or correct the configured directory`
    case 'AccessDenied':
    case 'AllAccessDisabled':
    case 'AccountProblem':
    case 'Forbidden':
      return 'access is denied; allow it to these credentials by a policy as in docs/storage.md'
    case 'InvalidAccessKeyId':
    case 'UnrecognizedClientException':
      return 'the server does not know the access key; correct the credentials'
    case 'SignatureDoesNotMatch':
      return 'the signature is wrong; correct the secret key'
    case 'ExpiredToken':
    case 'ExpiredTokenException':
      return 'the credentials have expired; renew them'
    case 'InvalidToken':
      return 'the session token is not valid; renew the credentials'
    case 'CredentialsProviderError':
    case 'TokenProviderError':
      return `no credentials were found; give ${chain} (${messageOf(error).replace(/\.$/, '')})`
    case 'RequestTimeTooSkewed':
    case 'RequestExpired':
      return "this host's clock and the server's are too far apart; set the clock"
    case 'AuthorizationHeaderMalformed':
    case 'PermanentRedirect':
    case 'IllegalLocationConstraintException':
      return `the bucket ${bucket} is in another region${region === undefined ? '' : `, ${region}`}; set s3.region`
    case 'PreconditionFailed':
      return 'it was replaced while it was read; read it again'
    case 'NotImplemented':
      return 'the server does not support what was asked of it; use one that does (conditional writes among others)'
    case 'SlowDown':
      return 'the server asks to slow down; fewer jobs or longer intervals would help if this lasts'
  }
  if (status === 501) return 'the server does not support what was asked of it; use one that does'
  if (status === 301)
    return `the bucket ${bucket} is in another region${region === undefined ? '' : `, ${region}`}; set s3.region`
  if (status === 403) return 'access is denied; allow it to these credentials by a policy as in docs/storage.md'
  if (isRegionMissing(error)) return 'no region is known; set s3.region or AWS_REGION'
  const remedy = 'check s3.endpoint and the network'
  if (code === 'ECONNREFUSED') return `nothing listens at the server's address (${messageOf(error)}); ${remedy}`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `the server's name is not known (${messageOf(error)}); ${remedy}, or set s3.path.style.access: true`
  }
  if (status === undefined || status === 200) return `no answer came (${messageOf(error) || code || name}); ${remedy}`
  if (!understood) return `what answered is no S3 server (status ${status}), or its answer broke off; ${remedy}`
  const message = messageOf(error)
  return `the server answered ${[status, name, message === name ? '' : message].filter(String).join(' ').trim()}`
}

/**
 * The error of a request that failed for good. What it means for the name is unknown: never "not there". Where the server refused, or
 * would if it were asked, the details say so: `{ refused: 'AccessDenied' }`.
 * @param doing what failed, as in "Cannot read s3://bucket/name"
 */
export function unavailable(doing: string, uri: string, bucket: string, error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error
  const reason = explain(error, bucket).replace(/\.$/, '')
  return new TidemarkError('StorageUnavailable', `Cannot ${doing} ${uri}: ${reason}.`, {
    path: uri,
    cause: error,
    ...(!mayPass(error) && { details: { refused: failureOf(error).name } }),
  })
}
