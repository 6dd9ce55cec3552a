import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ExecutionLog } from '../../src/checkpoint-store/index.js'
import { type LogPlace, LogThread, type LogWork } from '../../src/log-thread/index.js'
import { limitCalls } from '../../src/storage/file/patience.js'
import { threadsLeft } from '../../src/threads/os-thread.js'
import { append, checkpoint, claim, job, Lab } from '../checkpoint-store/lab.js'

/** A log, and how often it was worked on here instead of by the thread. */
class Observed extends ExecutionLog {
  here = 0

  override groundFor(number: number) {
    this.here++
    return super.groundFor(number)
  }

  override append(...args: Parameters<ExecutionLog['append']>) {
    this.here++
    return super.append(...args)
  }
}

interface Bench {
  readonly lab: Lab
  readonly log: Observed
  readonly work: LogWork
}

async function logOf(thread: LogThread): Promise<Bench> {
  const lab = await Lab.open()
  await lab.log().create(lab.record())
  await append(lab.log(), claim(1))
  const log = new Observed(lab.roots, job, 'e1')
  const place: LogPlace = { root: lab.roots.metadata.uri, job, execution: 'e1' }
  return { lab, log, work: thread.on(log, place) }
}

function startThread(): LogThread {
  const thread = new LogThread()
  onTestFinished(() => thread.close())
  return thread
}

/** Resolves when a look at the log is no more taken here, or is. */
async function untilTakenBy({ log, work }: Bench, who: 'the thread' | 'us'): Promise<void> {
  for (;;) {
    const before = log.here
    await work.groundFor(2)
    if ((log.here === before) === (who === 'the thread')) return
  }
}

/** A look at a log whose record nobody can read: who opens it for that waits for one who opens it to write. */
function hang(thread: LogThread, { lab }: Bench): { readonly record: string; readonly hanging: Promise<unknown> } {
  const root = lab.roots.metadata.uri
  const record = join(fileURLToPath(root), job, 'e9', '_execution')
  mkdirSync(join(record, '..'))
  execFileSync('mkfifo', [record])
  const hanging = thread.on(new ExecutionLog(lab.roots, job, 'e9'), { root, job, execution: 'e9' }).groundFor(1)
  return { record, hanging }
}

describe('a thread that works on logs', () => {
  afterEach(() => limitCalls(30_000))

  it('leaves the work to who asks until it listens, then appends, with the same answers', async () => {
    const bench = await logOf(startThread())
    const { lab, log, work } = bench
    expect(await work.groundFor(2)).toMatchObject({ record: { state: 'live' }, numbers: [1] })
    expect(log.here).toBe(1)
    await untilTakenBy(bench, 'the thread')
    const { here } = log
    const ground = await work.groundFor(2)
    expect(ground).toEqual(await lab.log().groundFor(2))
    const entry = checkpoint(2)
    expect(await work.append(entry, ground)).toEqual({ outcome: 'appended' })
    expect(await work.append(entry)).toEqual({ outcome: 'appended' })
    expect(await work.append(claim(2, { run: 'run-b' }))).toMatchObject({ outcome: 'taken', by: { number: 2 } })
    expect(log.here).toBe(here)
    expect(await lab.log().read(2)).toEqual(entry)
  })

  it('says what went wrong as whoever works on the log would', async () => {
    const bench = await logOf(startThread())
    await untilTakenBy(bench, 'the thread')
    const { here } = bench.log
    await expect(bench.work.append(checkpoint(8))).rejects.toMatchObject({
      code: 'InvariantBroken',
      class: 'bug',
      path: bench.log.uri,
    })
    expect(bench.log.here).toBe(here)
  })

  it('is not waited for where a directory hangs: whoever asked is told, and works on other logs itself', async () => {
    const thread = startThread()
    const [healthy, stuck] = [await logOf(thread), await logOf(thread)]
    await untilTakenBy(stuck, 'the thread')
    limitCalls(1_000)
    const { record, hanging } = hang(thread, stuck)
    await expect(hanging).rejects.toMatchObject({
      code: 'StorageUnavailable',
      message: expect.stringMatching(/^The file system of file:.* has not done within 1000 ms /),
    })
    limitCalls(30_000)
    await untilTakenBy(healthy, 'us')
    expect(await healthy.work.append(checkpoint(2))).toEqual({ outcome: 'appended' })
    await writeFile(record, '{}')
    await untilTakenBy(healthy, 'the thread')
  })

  it('is left behind where it hangs as it is closed, and what it was asked for fails', async () => {
    const thread = startThread()
    const bench = await logOf(thread)
    await untilTakenBy(bench, 'the thread')
    limitCalls(3_000)
    // No time passes between the two, so that the second one joins the first however busy the machine is.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now())
    const { record, hanging } = hang(thread, bench)
    limitCalls(30_000)
    const told = expect(bench.work.groundFor(2)).rejects.toThrow('has ended')
    clock.mockRestore()
    await expect(hanging).rejects.toMatchObject({ code: 'StorageUnavailable' })
    await thread.close()
    await told
    expect(threadsLeft()).toBe(true)
    // Whoever opens both ends lets its reader go, which closes its own as it ends.
    await (await open(record, 'r+')).close()
    while (threadsLeft()) await new Promise(setImmediate)
  })

  it('leaves the work to who asks once it is closed', async () => {
    const thread = startThread()
    const bench = await logOf(thread)
    await untilTakenBy(bench, 'the thread')
    await thread.close()
    await untilTakenBy(bench, 'us')
    expect(await bench.work.append(checkpoint(2))).toEqual({ outcome: 'appended' })
  })
})
