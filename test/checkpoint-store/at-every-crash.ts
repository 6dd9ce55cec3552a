import { expect } from 'vitest'
import { verifySnapshot } from '../../src/checkpoint-store/index.js'
import { changesDisk, dyingFileSystem, freezingFileSystem } from '../storage/stepping-file-system.js'
import type { Lab } from './lab.js'

/**
 * Prepares a disk, lets a process die at step 0, 1, 2, ... of `act` and checks; ends with the run that gets through. Where the disk can lose
 * its power, it does so each time, also after that last run: what was answered must be there.
 */
export async function atEveryCrash(
  prepare: () => Promise<Lab>,
  act: (lab: Lab) => Promise<unknown>,
  check: (lab: Lab, died: boolean) => Promise<void>,
): Promise<number> {
  for (let step = 0; ; step++) {
    const lab = await prepare()
    const { fs, died } = dyingFileSystem(step, lab.fs)
    await act(lab.through(fs)).catch((error) => {
      if (!died()) throw error
    })
    lab.cutPower?.()
    await check(lab, died())
    if (!died()) return step
  }
}

/**
 * Stops `slow` before each change of the disk in turn, lets `other` run to its end meanwhile, and goes on; ends with the run that is never
 * stopped. Answers the number of stops.
 */
export async function atEveryStop(
  prepare: () => Promise<Lab>,
  slow: (lab: Lab) => Promise<unknown>,
  other: (lab: Lab) => Promise<unknown>,
  check: (lab: Lab) => Promise<void>,
): Promise<number> {
  for (let step = 0; ; step++) {
    const lab = await prepare()
    let changes = 0
    const { fs, frozen, release } = freezingFileSystem((one) => changesDisk(one) && changes++ === step, lab.fs)
    const going = slow(lab.through(fs))
    const stopped = await Promise.race([frozen.then(() => true), going.then(() => false)])
    await other(lab)
    release()
    await going
    await check(lab)
    if (!stopped) return step
  }
}

/** Every snapshot that exists must be whole; answers their numbers. */
export async function expectWhole(lab: Lab, execution = 'e1'): Promise<number[]> {
  const { snapshots, damaged } = await lab.log(execution).snapshots()
  expect(damaged).toEqual([])
  for (const { number } of snapshots) {
    expect(await verifySnapshot(lab.reference(number, execution), lab.roots)).toMatchObject({ ok: true, problems: [] })
  }
  return snapshots.map((snapshot) => snapshot.number)
}
