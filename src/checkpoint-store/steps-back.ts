import type { SkippedSnapshot } from '../checkpoint/execution-record.js'
import { snapshotFolder } from '../checkpoint/paths.js'
import type { RestoreReference } from '../engine/engine.js'
import { joinUri, normalizeUri, splitUri } from '../storage/index.js'
import { openExecutionFolder, type Roots } from './roots.js'
import { type TolerantView, viewFolder, viewTolerantly } from './tolerant-view.js'

export interface StepsBack {
  /** The asked snapshot, where it can be named, then every older one that exists, the likeliest first. */
  readonly candidates: readonly RestoreReference[]
  /** Executions that cannot be read at all, which may be newer than everything that can. */
  readonly skipped: readonly SkippedSnapshot[]
}

interface Start {
  readonly view: TolerantView
  readonly number: number
}

/**
 * The order in which a fallback goes back: first along the lineage of what was asked for (older snapshots of the same execution, then the one
 * that this began from and those before it, and so on), then the job's older executions, the newest first.
 * @returns undefined where what was asked for is not there at all: that is no damage
 */
export async function stepsBack(roots: Roots, job: string, from: string): Promise<StepsBack | undefined> {
  const views = await viewTolerantly(roots, ownerOf(roots, from) ?? job)
  const unreadable = views.filter((view) => view.state === 'unreadable')
  const readable = views.filter((view) => view.state !== 'unreadable')
  const start = await startOf(roots, views, from)
  if (start === undefined) return undefined
  const concerned = from === 'latest' ? unreadable : unreadable.filter((view) => view === start.view)
  const skipped = concerned.map(({ uri, damage }) => ({ uri, reason: damage?.error.message ?? 'it cannot be read' }))
  const walk = new Walk(roots, readable)
  if (start.view.state !== 'unreadable') await walk.along(start.view, start.number)
  const place = readable.indexOf(start.view)
  const older = place === -1 ? (belongsTo(views, start) ? readable : []) : readable.slice(0, place)
  for (const view of older.toReversed()) await walk.along(view, Number.POSITIVE_INFINITY)
  return { candidates: walk.found, skipped }
}

/** The job below the roots to which an address belongs. */
function ownerOf(roots: Roots, from: string): string | undefined {
  const split = from.includes('/') ? splitUri(normalizeUri(from)) : undefined
  const address = split?.last === '_metadata' ? splitUri(split.parent) : split
  const folder = address && splitUri(address.parent)
  const owner = folder && splitUri(folder.parent)
  return owner?.parent === roots.metadata.uri ? owner.last : undefined
}

/** Whether the folder that was asked about is one of the job's own, and no copy elsewhere. */
function belongsTo(views: readonly TolerantView[], { view }: Start): boolean {
  return views.includes(view)
}

async function startOf(roots: Roots, views: readonly TolerantView[], from: string): Promise<Start | undefined> {
  if (from === 'latest') {
    const view = views.findLast(({ state }) => state !== 'unreadable') ?? views.at(-1)
    return view && { view, number: Number.POSITIVE_INFINITY }
  }
  const asked = Number(/^chk-([1-9][0-9]{0,15})$/.exec(from)?.[1])
  if (!Number.isNaN(asked)) {
    const [view, another] = views.filter(({ alive }) => alive.includes(asked))
    return view && another === undefined ? { view, number: asked } : undefined
  }
  const split = splitUri(normalizeUri(from))
  const address = split?.last === '_metadata' ? splitUri(split.parent) : split
  const number = Number(/^chk-([1-9][0-9]{0,15})$/.exec(address?.last ?? '')?.[1])
  if (address === undefined || Number.isNaN(number)) return undefined
  const known = views.find(({ uri }) => uri === address.parent)
  const execution = splitUri(address.parent)?.last ?? ''
  const view = known ?? (await viewFolder(openExecutionFolder(address.parent, roots), execution, address.parent))
  const there = view !== undefined && (view.state === 'unreadable' || view.alive.includes(number))
  return there ? { view, number } : undefined
}

class Walk {
  readonly found: RestoreReference[] = []
  readonly #roots: Roots
  readonly #views: readonly TolerantView[]
  readonly #seen = new Set<string>()

  constructor(roots: Roots, views: readonly TolerantView[]) {
    this.#roots = roots
    this.#views = views
  }

  /** Snapshots of an execution numbered at most `through`, then those that it descends from. */
  async along({ uri, record, alive }: TolerantView, through: number): Promise<void> {
    if (record === undefined) return
    for (const number of alive.filter((one) => one <= through).toReversed()) {
      const address = joinUri(uri, snapshotFolder(number))
      if (this.#seen.has(address)) continue
      this.#seen.add(address)
      this.found.push({ job: record.job, execution: record.execution, number, uri: address })
    }
    const parent = record.restoredFrom
    const folder = parent && splitUri(parent.uri)?.parent
    if (parent === undefined || folder === undefined || this.#seen.has(folder)) return
    this.#seen.add(folder)
    const known = this.#views.find((view) => view.uri === folder)
    const view = known ?? (await viewFolder(openExecutionFolder(folder, this.#roots), parent.execution, folder))
    if (view !== undefined) await this.along(view, parent.number)
  }
}
