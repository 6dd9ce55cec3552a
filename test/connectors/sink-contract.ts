import { describe, expect, test } from 'vitest'
import type { Sink } from '../../src/pipeline/sink.js'
import { type TinyExecution, TinyJob } from './tiny-job.js'

/** A place for one test, and sinks that write there. */
export interface SinkPlace {
  /** A new instance, as another process would have it. */
  sink(): Sink<unknown>
  /** The values that a reader of the output sees, in order. */
  read(): number[]
  /** An instance that dies just before its step `number` (from 0); it must reject or throw from there on. */
  dyingAt(number: number): Sink<unknown>
}

/** What every sink that promises `two-phase` owes the engine. `make` gives a fresh place on each call. */
export function describeTwoPhaseSink(name: string, make: () => SinkPlace): void {
  describe(`${name} keeps the contract of a two-phase sink`, () => {
    test('shows nothing before the commit and everything after it', async () => {
      const place = make()
      const run = new TinyJob().begin(place.sink(), undefined)
      expect(place.sink().guarantee).toBe('two-phase')
      await run.start()
      run.write(1, 2, 3)
      expect(place.read()).toEqual([])
      run.publish(await run.cut())
      expect(place.read()).toEqual([])
      await run.commit()
      expect(place.read()).toEqual([1, 2, 3])
      await run.close()
      expect(place.read()).toEqual([1, 2, 3])
    })

    test('divides the records at the moment of the cut, though it is durable only later', async () => {
      const place = make()
      const run = new TinyJob().begin(place.sink(), undefined)
      await run.start()
      run.write(1, 2)
      const first = run.writer.cut(2)
      run.writer.write({ value: 3 })
      const second = run.writer.cut(3)
      run.writer.write({ value: 4 })
      await run.writer.commit(await first)
      expect(place.read()).toEqual([1, 2])
      await run.writer.commit(await second)
      expect(place.read()).toEqual([1, 2, 3])
      await run.close()
    })

    test('has nothing to commit where nothing was written', async () => {
      const place = make()
      const run = new TinyJob().begin(place.sink(), undefined)
      await run.start()
      expect(await run.writer.cut(2)).toEqual([])
      await run.writer.commit([])
      await run.close()
      expect(place.read()).toEqual([])
    })

    test('takes a commit that is repeated for done, by the same writer, by a later one and by recovery', async () => {
      const place = make()
      const run = new TinyJob().begin(place.sink(), undefined)
      await run.start()
      run.write(1, 2)
      const snapshot = run.publish(await run.cut())
      const payloads = snapshot.commits.map((commit) => commit.payload)
      await run.writer.commit(payloads)
      await run.writer.commit(payloads)
      await run.close()
      await run.start()
      await run.writer.commit(payloads)
      await run.recover()
      await run.close()
      expect(place.read()).toEqual([1, 2])
    })

    test('abandons what no snapshot covers when it is closed', async () => {
      const place = make()
      const run = new TinyJob().begin(place.sink(), undefined)
      await run.start()
      run.write(1)
      await run.checkpoint()
      run.write(2)
      await run.cut()
      run.write(3)
      await run.close()
      await run.start()
      run.write(20)
      await run.checkpoint()
      await run.close()
      expect(place.read()).toEqual([1, 20])
    })

    test('carries what an aborted snapshot had prepared into the next one', async () => {
      const place = make()
      const run = new TinyJob().begin(place.sink(), undefined)
      await run.start()
      run.write(1)
      await run.cut()
      run.write(2)
      await run.checkpoint()
      await run.close()
      expect(place.read()).toEqual([1, 2])
    })

    test('finishes, in another process, the commits of the snapshot that is restored', async () => {
      const place = make()
      const run = new TinyJob().begin(place.sink(), undefined)
      await run.start()
      run.write(1, 2)
      run.publish(await run.cut())
      expect(place.read()).toEqual([])
      const next = run.job.begin(place.sink(), run.job.snapshots.at(-1))
      const report = await next.start()
      expect(report?.finishedCommits).toBe(1)
      expect(place.read()).toEqual([1, 2])
      await Promise.all([run.close(), next.close()])
    })

    test('goes back to an older snapshot, and forward again', async () => {
      const place = make()
      const job = new TinyJob()
      const first = job.begin(place.sink(), undefined)
      await first.start()
      for (const value of [1, 2, 3]) {
        first.write(value)
        await first.checkpoint()
      }
      await first.close()
      const [one, , three] = job.snapshots
      const second = job.begin(place.sink(), one)
      await second.start()
      expect(place.read()).toEqual([1])
      second.write(20)
      await second.checkpoint()
      await second.close()
      expect(place.read()).toEqual([1, 20])
      const third = job.begin(place.sink(), three)
      await third.start()
      expect(place.read()).toEqual([1, 2, 3])
      third.write(4)
      await third.checkpoint()
      await third.close()
      expect(place.read()).toEqual([1, 2, 3, 4])
      const afresh = job.begin(place.sink(), undefined)
      await afresh.start()
      expect(place.read()).toEqual([])
      await afresh.close()
    })

    test.each(['a new execution', 'the same execution'] as const)(
      'writes each record exactly once whenever it dies and %s goes on',
      async (who) => {
        let step = 0
        while (await survives(make(), who, 3, [step])) step += 1
        expect(step).toBeGreaterThan(10)
      },
    )

    test.each(['a new execution', 'the same execution'] as const)(
      'writes each record exactly once when it dies again, anywhere, while %s goes on',
      async (who) => {
        for (let first = 0; await survives(make(), who, 1, [first]); first += 1) {
          for (let second = 0; await survives(make(), who, 1, [first, second]); second += 1);
        }
      },
      60_000,
    )
  })
}

/**
 * Writes two records before each of some checkpoints, dying in each life at the step given for it; then once more in
 * peace. False where not all of these deaths happened, because there are fewer steps.
 */
async function survives(
  place: SinkPlace,
  who: 'a new execution' | 'the same execution',
  checkpoints: number,
  deaths: readonly number[],
): Promise<boolean> {
  const job = new TinyJob()
  let run: TinyExecution | undefined
  let died = 0
  for (const death of [...deaths, undefined]) {
    const sink = death === undefined ? place.sink() : place.dyingAt(death)
    if (run === undefined || who === 'a new execution') run = job.begin(sink, job.snapshots.at(-1))
    try {
      await run.start({ sink })
      while (run.values.length < 2 * checkpoints) {
        run.write(run.values.length + 1, run.values.length + 2)
        await run.checkpoint()
      }
    } catch (error) {
      if (death === undefined) throw error
      died += 1
    }
    // Of what close does, a dead process does nothing but give its descriptors back.
    await run.close().catch(() => {})
  }
  const expected = Array.from({ length: 2 * checkpoints }, (_, index) => index + 1)
  expect(place.read(), `deaths before steps ${deaths}`).toEqual(expected)
  return died === deaths.length
}
