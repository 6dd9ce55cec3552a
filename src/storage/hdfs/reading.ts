import { backOff, mostAttempts, retrying } from '../retry.js'
import type { ByteRange } from '../storage.js'
import { HdfsFailure, isFailure, mayPass } from './failure.js'
import type { FileStatus, WebHdfs } from './webhdfs.js'

/** The whole of a file, or of a range, read anew where an answer breaks off. */
export function readAll(hdfs: WebHdfs, path: string, range: ByteRange): Promise<Buffer> {
  return retrying(async () => {
    const chunks: Buffer[] = []
    for await (const chunk of openRange(hdfs, path, range)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }, mayPass)
}

/**
 * The same with flat memory. Where an answer breaks off it goes on from there, if the file is still the same one.
 * @throws HdfsFailure `refused` where it is not
 */
export async function* streamFile(hdfs: WebHdfs, path: string, range: ByteRange): AsyncGenerator<Buffer> {
  const before = await hdfs.status(path)
  let { start } = range
  for (let failures = 0; ; ) {
    try {
      let trusted = start === range.start
      for await (const chunk of openRange(hdfs, path, { ...range, start })) {
        // Asked for once it is open: if it is the same now, it was the same then.
        if (!trusted) refuseOther(before, await hdfs.statusNow(path))
        trusted = true
        start += chunk.length
        failures = 0
        yield chunk
      }
      return
    } catch (error) {
      failures++
      if (failures === mostAttempts || !mayPass(error)) throw error
      await backOff(failures)
    }
  }
}

async function* openRange(hdfs: WebHdfs, path: string, { start, end }: ByteRange): AsyncGenerator<Buffer> {
  if (end !== undefined && end <= start) {
    if ((await hdfs.statusNow(path)).type !== 'FILE') throw new HdfsFailure('not-found', '', `${path} is a folder`)
    return
  }
  try {
    yield* hdfs.open(path, start, end === undefined ? undefined : end - start)
  } catch (error) {
    // A start behind the end is refused like much else.
    if (isFailure(error, 'refused') && start > 0 && (await hdfs.statusNow(path)).length <= start) return
    throw error
  }
}

function refuseOther(before: FileStatus, now: FileStatus): void {
  const same =
    before.fileId === now.fileId && before.length === now.length && before.modificationTime === now.modificationTime
  if (!same) throw new HdfsFailure('refused', '', 'it was replaced while it was read')
}
