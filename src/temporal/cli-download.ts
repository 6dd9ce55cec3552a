import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { messageOf } from '../errors.js'
import { type CliRelease, temporalCliVersion } from './cli-release.js'
import { type Log, megabytes, progressLog } from './progress.js'
import { runTool } from './run-tool.js'

/** What the service answers to a version and a platform. Source: the SDK's own download, `ephemeral_server` in its core. */
const downloadInfo = z.object({
  archiveUrl: z.url({ protocol: /^https?$/ }),
  fileToExtract: z.string().regex(/^[\w.-]+$/),
})

export interface DownloadOptions {
  readonly log: Log
  readonly service?: string
  /** How long the service may be silent, in milliseconds: at first, and between two pieces. */
  readonly silenceMs?: number
}

/**
 * Temporal's own download service, which its SDKs use too: fetches the archive into `directory` and unpacks it there.
 *
 * @returns the path of the unpacked executable, which is not yet checked
 * @throws Error, whose message completes "the download ... failed: "
 */
export async function downloadCli(directory: string, release: CliRelease, options: DownloadOptions): Promise<string> {
  const { log, service = 'https://temporal.download', silenceMs = 5_000 } = options
  const silence = silenceTimer(silenceMs)
  const archive = join(directory, 'archive.tar.gz')
  try {
    const infoUrl = new URL(`/cli/v${temporalCliVersion}`, service)
    infoUrl.search = new URLSearchParams({ arch: release.arch, platform: release.platform }).toString()
    const answer = downloadInfo.safeParse(await (await get(infoUrl, silence.signal)).json())
    if (!answer.success)
      throw new Error(`${infoUrl.host} answers nonsense: ${z.prettifyError(answer.error).replace(/\s+/g, ' ')}`)
    const { archiveUrl, fileToExtract } = answer.data
    silence.restart()

    const response = await get(new URL(archiveUrl), silence.signal)
    const total = Number(response.headers.get('content-length')) || undefined
    log(
      `Downloading the Temporal CLI ${temporalCliVersion}${total ? ` (${megabytes(total)})` : ''} from ${new URL(archiveUrl).host}`,
    )
    const progress = progressLog(log, total)
    const watched = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        silence.restart()
        progress.add(chunk.length)
        done(null, chunk)
      },
    })
    if (response.body === null) throw new Error('the answer has no body')
    await pipeline(Readable.fromWeb(response.body), watched, createWriteStream(archive), { signal: silence.signal })
    silence.stop()

    await runTool('tar', ['-xzf', archive, '-C', directory, fileToExtract])
    await rm(archive)
    return join(directory, fileToExtract)
  } catch (error) {
    throw silence.signal.aborted ? new Error(`no answer for ${silenceMs / 1000} s`) : new Error(reasonOf(error))
  } finally {
    silence.stop()
  }
}

async function get(url: URL, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`${url.host} answers ${response.status} ${response.statusText}`)
  return response
}

/** An abort signal that fires when `restart` has not been called for so long. */
function silenceTimer(ms: number) {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), ms)
  return {
    signal: controller.signal,
    restart: () => void timer.refresh(),
    stop: () => clearTimeout(timer),
  }
}

/** `fetch` says only "fetch failed"; what happened is in the cause. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? messageOf(error.cause) : messageOf(error)
}
