import { inspect } from 'node:util'
import type { EventBody, TimerName } from '../../src/coordinator/events.js'
import type { CancelMode } from '../../src/coordinator/state.js'
import { parseDuration } from '../../src/spec/duration.js'
import { deployedOnEach, execution, type JobOptions, job, openedWith, takenOf } from './fixtures.js'

/** The words of one line: plain ones, `key=value`, and text in double quotes. */
export interface Line {
  readonly verb: string
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string>>
}

export function parseLine(text: string): Line {
  const tokens = [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
  const [verb = '', ...rest] = tokens
  const isOption = (token: string) => /^[a-zA-Z]+=/.test(token)
  const options = rest.filter(isOption).map((token) => token.split(/=(.*)/s).slice(0, 2))
  return { verb, words: rest.filter((token) => !isOption(token)), options: Object.fromEntries(options) }
}

/** `job parallelism=1 interval=10s retained=2 retention=… restart=none|fixed-delay|… tolerable=0 delete=forbidden timeout=8s`. */
export function parseJob({ options }: Line): JobOptions {
  const { interval, retained, retention, restart, tolerable, parallelism } = options
  return {
    ...(parallelism !== undefined && { parallelism: Number(parallelism) }),
    checkpointing: {
      ...(interval !== undefined && { interval: interval === 'none' ? 0 : parseDuration(interval) }),
      ...(retained !== undefined && { numRetained: Number(retained) }),
      ...(retention !== undefined && { retention: retention as 'RETAIN_ON_CANCELLATION' }),
      ...(tolerable !== undefined && { tolerableFailedCheckpoints: Number(tolerable) }),
    },
    ...(restart === 'none' && { restartStrategy: { type: 'none' } }),
    settings: {
      ...(options.delete === 'forbidden' && { allowDeleteOnCancel: false }),
      ...(options.cancelTimeout !== undefined && { cancelTimeoutMs: parseDuration(options.cancelTimeout) }),
    },
  }
}

/** An event from its line; the names are the coordinator's own. */
export function parseEvent(line: Line, jobOptions: JobOptions): EventBody {
  const { verb, words, options } = line
  const [first = '', second = ''] = words
  const number = Number(first)
  const on = options.on === undefined ? {} : { host: options.on }
  const failure = { code: options.code ?? 'StorageUnavailable', message: words.at(-1) ?? '', ...on }
  const id = options.id === undefined ? {} : { id: options.id }
  switch (verb) {
    case 'opened': {
      const from = Number(options.restored ?? 0)
      const restored = { job, execution: 'e0', number: from, uri: `file:///checkpoints/${job}/e0/chk-${from}` }
      const more = from === 0 ? {} : { restoredFrom: { ...restored, claimMode: 'NO_CLAIM' as const, ancestry: [] } }
      return { type: verb, opened: openedWith(jobOptions, more) }
    }
    case 'observed': {
      const alive = (options.alive ?? '').split(',').filter(Boolean).map(Number)
      const through = Number(options.committed ?? alive.at(-1) ?? 0)
      const owner = { claim: number, run: 'run-x' }
      const closed = words.includes('closed')
      return { type: verb, newest: { number, closed, alive, committedThrough: through, owner } }
    }
    case 'claimed':
      return { type: verb, number, run: second }
    case 'claimTaken':
    case 'adopted':
    case 'closed':
    case 'cleaned':
      return { type: verb }
    case 'restorePointResolved': {
      if (first === '') return { type: verb }
      const from = options.of ?? execution
      const uri = `file:///checkpoints/${job}/${from}/chk-${number}`
      return { type: verb, restore: { job, execution: from, number, uri } }
    }
    case 'deployed':
      return { type: verb, attempt: number, result: deployedOnEach(words.slice(1)) }
    case 'tasksPlaced':
      return { type: verb, attempt: number, placed: Number(second) }
    case 'hostLost': {
      const where =
        options.host === undefined ? {} : { where: { host: options.host, execution }, countsBeforeRunning: true }
      const silent = options.silent === undefined ? {} : { silentMs: Number(options.silent) }
      return {
        type: verb,
        attempt: number,
        failure: { ...failure, code: options.code ?? 'HostLost' },
        ...where,
        ...silent,
      }
    }
    case 'deployFailed':
      return { type: verb, attempt: number, failure: { code: options.code ?? 'HostLost', message: words.at(-1) ?? '' } }
    case 'attemptEnded':
      return {
        type: verb,
        attempt: number,
        outcome: second === 'exhausted' ? { kind: 'exhausted' } : { kind: 'failed', error: words.at(-1) ?? '' },
      }
    case 'snapshotTaken':
      return { type: verb, number, result: takenOf(number, words.includes('final')) }
    case 'publicationAdopted':
      return { type: verb, number, result: takenOf(number, words.includes('final')) }
    case 'published':
    case 'aborted':
    case 'committed':
      return { type: verb, number }
    case 'snapshotFailed':
    case 'abortFailed':
    case 'publicationUnknown':
    case 'commitFailed':
      return { type: verb, number, failure }
    case 'openFailed':
    case 'claimFailed':
    case 'resolveFailed':
    case 'adoptionFailed':
    case 'closeFailed':
    case 'cleanupFailed':
    case 'outputUnfinished':
      return { type: verb, failure }
    case 'fenced':
      return { type: verb, claim: number, reason: words.at(-1) ?? '', triggersWait: true }
    case 'runChanged':
      return { type: verb, claim: number, triggersWait: true }
    case 'hostLeaving':
      return { type: verb, attempt: number, host: second }
    case 'stopped':
      return { type: verb, attempt: number }
    case 'outputFinished':
      return { type: verb, through: number }
    case 'timerFired':
      return { type: verb, timer: first as TimerName }
    case 'cancelRequested': {
      const mode = first === '' || first === 'native' ? {} : { mode: first as CancelMode }
      return { type: verb, by: first === 'native' ? 'native' : 'message', ...mode, ...id }
    }
    case 'triggerRequested':
      return { type: verb, ...id }
    default:
      throw new Error(`No such event: ${inspect(line)}`)
  }
}
