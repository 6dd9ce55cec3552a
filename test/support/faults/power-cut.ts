import { link, mkdir, readdir, readFile, rm, stat, truncate, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * What a machine loses when its power goes, from the journal of what its processes did. POSIX promises two things only: what was
 * written to a file is durable once a sync of the file, begun after the write, has ended; and a name is there, or gone, for good
 * once a sync of its folder, begun after the change, has ended. Everything else may be lost, each name by itself. A rename is taken for one
 * transaction, as every file system with a journal has it: of its two names at least one is left.
 */

/** A step whose process died in it has happened, or never will, so long after it began. Microseconds. */
const longest = 1_000_000

/** A step of a process: the line before it and, where it got so far, the line after it, as one. */
export interface JournalStep {
  readonly id: string
  readonly op: string
  readonly path: string
  readonly from?: string
  /** Microseconds; without `end` nobody knows whether it happened. */
  readonly begin: number
  readonly end?: number
  /** It did not happen. */
  readonly failed?: string
  readonly ino?: number
  /** Another name for what a change of `path` takes away. */
  readonly grave?: string
  /** The same for `from`. */
  readonly graveFrom?: string
  /** Folders, outermost first. */
  readonly made?: readonly string[]
  /** Bytes of the file after a write. */
  readonly size?: number
}

/** Carried out in order; each does nothing where the world is not as it says. */
export type Undo =
  | { readonly undo: 'truncate'; readonly ino: number; readonly size: number; readonly names: readonly string[] }
  /** The name goes, or gets back what it stood for. */
  | { readonly undo: 'remove'; readonly path: string; readonly ino: number | undefined; readonly grave?: string }
  | { readonly undo: 'restore'; readonly path: string; readonly grave: string }
  | { readonly undo: 'removeFolder'; readonly path: string }
  | { readonly undo: 'restoreFolder'; readonly path: string }

/** @param random below 0.5 a name, or a file's content, survives although it was not synced; default: nothing does */
export function planPowerCut(journal: readonly JournalStep[], random: () => number = () => 1): Undo[] {
  const steps = journal.filter((step) => step.failed === undefined)
  const survives = remembered(random)
  return [...lostContent(steps, survives), ...lostNames(steps, survives)]
}

function lostContent(steps: readonly JournalStep[], survives: (what: string) => boolean): Undo[] {
  const synced = newestSync(steps, 'sync', (step) => String(step.ino))
  const names = namesByInode(steps)
  const lost = new Map<number, { size: number; lost: boolean }>()
  for (const step of steps) {
    if (step.op !== 'write' || step.ino === undefined) continue
    const file = lost.get(step.ino) ?? { size: 0, lost: false }
    if (isDurable(step, synced.get(String(step.ino)))) file.size = Math.max(file.size, step.size ?? 0)
    else file.lost = true
    lost.set(step.ino, file)
  }
  return [...lost]
    .filter(([ino, file]) => file.lost && !survives(`content ${ino}`))
    .map(([ino, { size }]) => ({ undo: 'truncate', ino, size, names: names.get(ino) ?? [] }))
}

/** The last change first, as one takes back a stack. */
function lostNames(steps: readonly JournalStep[], survives: (what: string) => boolean): Undo[] {
  const synced = newestSync(steps, 'syncFolder', (step) => step.path)
  const isLost = (step: JournalStep, name: string) =>
    !isDurable(step, synced.get(dirname(name))) && !survives(`name ${name}`)
  const undos: Undo[] = []
  for (const step of steps.toSorted((a, b) => (b.end ?? b.begin) - (a.end ?? a.begin))) {
    const { op, path, from, ino, grave, graveFrom } = step
    if (op === 'create' || op === 'link' || op === 'rename') {
      const lost = isLost(step, path)
      // One of its two names is always there: the old one goes no sooner than the new one is there to stay.
      if (from !== undefined && op === 'rename' && graveFrom !== undefined && (lost || isLost(step, from))) {
        undos.push({ undo: 'restore', path: from, grave: graveFrom })
      }
      if (lost) undos.push({ undo: 'remove', path, ino, ...(grave !== undefined && { grave }) })
    }
    if (op === 'unlink' && grave !== undefined && isLost(step, path)) undos.push({ undo: 'restore', path, grave })
    if (op === 'mkdir') {
      const made = step.end === undefined && (step.made?.length ?? 0) < 2 ? [] : (step.made ?? [])
      for (const folder of made.toReversed())
        if (isLost(step, folder)) undos.push({ undo: 'removeFolder', path: folder })
    }
    if (op === 'rmdir' && step.end !== undefined && isLost(step, path)) undos.push({ undo: 'restoreFolder', path })
  }
  return undos
}

/** When the newest sync of each thing that has ended began. */
function newestSync(
  steps: readonly JournalStep[],
  op: 'sync' | 'syncFolder',
  keyOf: (step: JournalStep) => string,
): ReadonlyMap<string, number> {
  const newest = new Map<string, number>()
  for (const step of steps) {
    if (step.op !== op || step.end === undefined) continue
    const key = keyOf(step)
    newest.set(key, Math.max(newest.get(key) ?? 0, step.begin))
  }
  return newest
}

function isDurable({ begin, end = begin + longest }: JournalStep, syncBegan: number | undefined): boolean {
  return syncBegan !== undefined && end <= syncBegan
}

function namesByInode(steps: readonly JournalStep[]): ReadonlyMap<number, readonly string[]> {
  const names = new Map<number, string[]>()
  for (const { ino, path, grave, graveFrom } of steps) {
    if (ino === undefined) continue
    const known = names.get(ino) ?? []
    known.push(path, ...(grave === undefined ? [] : [grave]), ...(graveFrom === undefined ? [] : [graveFrom]))
    names.set(ino, known)
  }
  return names
}

/** One answer for each thing, however often it is asked for. */
function remembered(random: () => number): (what: string) => boolean {
  const answers = new Map<string, boolean>()
  return (what) => {
    const answer = answers.get(what) ?? random() < 0.5
    answers.set(what, answer)
    return answer
  }
}

/** Reads the files of all threads that the preload wrote. A last line that was cut off is no step. */
export async function readJournal(folder: string): Promise<JournalStep[]> {
  const steps = new Map<string, JournalStep>()
  for (const name of await readdir(folder)) {
    for (const text of (await readFile(join(folder, name), 'utf8')).split('\n')) {
      if (!text.endsWith('}')) continue
      const line = JSON.parse(text) as JournalStep
      const known = steps.get(line.id)
      // What began before the journal was forgotten is durable.
      if (known !== undefined || line.begin !== undefined) steps.set(line.id, { ...known, ...line })
    }
  }
  return [...steps.values()].sort((a, b) => a.begin - b.begin)
}

/**
 * @param allowed nothing outside of these folders is touched
 * @returns one line for each thing that was undone
 */
export async function carryOut(plan: readonly Undo[], allowed: readonly string[]): Promise<string[]> {
  const done: string[] = []
  for (const step of plan) {
    const path = step.undo === 'truncate' ? await nameOf(step.ino, step.names) : step.path
    if (path === undefined) continue
    if (!allowed.some((folder) => path.startsWith(`${folder}/`))) throw new Error(`${path} is not ours to change.`)
    if (await apply(step, path)) done.push(`${step.undo} ${path}`)
  }
  return done
}

async function apply(step: Undo, path: string): Promise<boolean> {
  switch (step.undo) {
    case 'truncate':
      if ((await stat(path)).size <= step.size) return false
      await truncate(path, step.size)
      return true
    case 'remove':
      if (step.ino === undefined || (await inodeAt(path)) !== step.ino) return false
      await unlink(path)
      if (step.grave !== undefined) await link(step.grave, path)
      return true
    case 'restore':
      if ((await inodeAt(path)) !== undefined || (await inodeAt(dirname(path))) === undefined) return false
      await link(step.grave, path)
      return true
    case 'removeFolder':
      if ((await inodeAt(path)) === undefined) return false
      await rm(path, { recursive: true })
      return true
    case 'restoreFolder':
      if ((await inodeAt(path)) !== undefined || (await inodeAt(dirname(path))) === undefined) return false
      await mkdir(path, { mode: 0o700 })
      return true
  }
}

async function nameOf(ino: number, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if ((await inodeAt(name)) === ino) return name
  return undefined
}

async function inodeAt(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => found.ino,
    () => undefined,
  )
}
