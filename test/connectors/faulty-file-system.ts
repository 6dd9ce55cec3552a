import { type FileSystem, localFileSystem } from '../../src/connectors/files/file-system.js'

/** The process has died: nothing that it still tries reaches the disk. */
export class Crash extends Error {}

export interface FaultyFileSystem extends FileSystem {
  /** Steps taken so far, for people: `move part-... -> part-...`. */
  readonly steps: string[]
}

/** The local disk until just before step `crashAt` (from 0); from there on everything fails. */
export function crashingAt(crashAt: number): FaultyFileSystem {
  const steps: string[] = []
  return wrap(steps, () => {
    if (steps.length > crashAt) throw new Crash(`crashed before step ${crashAt}: ${steps[crashAt]}`)
  })
}

/** The local disk, but the first step that `matches` waits until it is let go. */
export function holding(matches: (step: string) => boolean): FaultyFileSystem & {
  readonly reached: Promise<void>
  letGo(): void
} {
  const steps: string[] = []
  let reach = () => {}
  let letGo = () => {}
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  const released = new Promise<void>((resolve) => {
    letGo = resolve
  })
  let held = false
  const fs = wrap(steps, async (step) => {
    if (held || !matches(step)) return
    held = true
    reach()
    await released
  })
  return Object.assign(fs, { reached, letGo })
}

function wrap(steps: string[], before: (step: string) => void | Promise<void>): FaultyFileSystem {
  const note = (name: string, args: readonly unknown[]) => {
    const step = `${name} ${args.filter((arg) => typeof arg === 'string').join(' -> ')}`
    steps.push(step)
    return before(step)
  }
  const later =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await note(name, args)
      return call(...args)
    }
  const now =
    <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
    (...args: A): R => {
      note(name, args)
      return call(...args)
    }
  return {
    steps,
    makeDirectory: later('makeDirectory', localFileSystem.makeDirectory),
    list: later('list', localFileSystem.list),
    move: later('move', localFileSystem.move),
    remove: later('remove', localFileSystem.remove),
    syncDirectory: later('syncDirectory', localFileSystem.syncDirectory),
    sync: later('sync', localFileSystem.sync),
    createWhole: later('createWhole', localFileSystem.createWhole),
    readText: later('readText', localFileSystem.readText),
    size: later('size', localFileSystem.size),
    openNew: now('openNew', localFileSystem.openNew),
    append: now('append', localFileSystem.append),
    // Descriptors are the test process's own: a dead process has none left either.
    close: localFileSystem.close,
  }
}
