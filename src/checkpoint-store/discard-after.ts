import { planDiscard } from '../checkpoint/discard-plan.js'
import type { SnapshotEntry } from '../checkpoint/entry.js'
import { entryPath } from '../checkpoint/paths.js'
import { stateFilesOf, type WithState } from '../checkpoint/state-handle.js'
import { joinUri } from '../storage/index.js'
import { type DiscardReport, discard } from './discard.js'
import { deleteInStages, doom } from './removal.js'
import { type ExecutionPlace, placeOf, type Roots } from './roots.js'

/** A snapshot that this process has published: its entry was appended, and counted. */
export interface PublishedSnapshot {
  readonly entry: SnapshotEntry
  /** Part manifests, below the execution's folder. */
  readonly parts: readonly string[]
}

/** What is kept of a snapshot for as long as the job keeps it: of state that lies in its metadata, nothing. */
interface KnownSnapshot {
  readonly tasks: readonly WithState[]
  readonly parts: readonly string[]
}

/** After so many discards that did not look, one does. */
const looksEach = 100

const noSizes: ReadonlyMap<string, number> = new Map()

/**
 * The discards after the checkpoints that one process publishes, one at a time, in one execution.
 *
 * The first under each claim lists what is there, and so takes what others left. After it the process knows the files of all that is kept, as long as it
 * publishes each number itself: it deletes those of what its own entry dropped by their names, and asks for nothing but pins. Where a number is
 * missing, a pin is there or something failed, it lists again, and now and then in any case: what a writer that had been given up has left meanwhile
 * goes then, or at the job's end.
 */
export class DiscardsAfter {
  readonly #known = new Map<number, KnownSnapshot>()
  /** The last one after which nothing but `#known` was left. */
  #latest: Pick<SnapshotEntry, 'number' | 'owner' | 'alive'> | undefined
  #unlooked = 0

  /** @returns URIs of what was deleted */
  async discard(roots: Roots, published: PublishedSnapshot): Promise<readonly string[]> {
    const { entry } = published
    const { job, execution, number, owner, alive } = entry
    const follows = this.#follows(entry)
    this.#latest = undefined // until it has gone through
    this.#known.set(number, { tasks: [{ state: stateFilesOf(entry.tasks) }], parts: published.parts })
    const byName = follows ? await this.#byName(placeOf(roots, job, execution), entry) : undefined
    const { deleted, problems, pinned } = byName ?? (await discard(roots, job, execution))
    this.#unlooked = byName === undefined ? 0 : this.#unlooked + 1
    for (const kept of this.#known.keys()) if (!alive.includes(kept)) this.#known.delete(kept)
    if (problems.length === 0 && pinned.length === 0) this.#latest = { number, owner, alive }
    return deleted
  }

  /** Whether the files of all that was kept before are known, and nobody has written a number in between. */
  #follows({ number, owner, alive }: SnapshotEntry): boolean {
    const latest = this.#latest
    return (
      latest !== undefined &&
      latest.number + 1 === number &&
      latest.owner.claim === owner.claim &&
      latest.owner.run === owner.run &&
      this.#unlooked < looksEach &&
      latest.alive.every((kept) => this.#known.has(kept)) &&
      alive.every((kept) => kept === number || this.#known.has(kept))
    )
  }

  /** The entry was made durable by its own append, and the pins are read after it. Undefined where one is there. */
  async #byName(
    place: ExecutionPlace,
    entry: SnapshotEntry,
  ): Promise<Omit<DiscardReport, 'kept' | 'bytes'> | undefined> {
    if ((await place.metadata.listNames('pins')).length > 0) return undefined
    const state = stateFilesOf([...this.#known.values()].flatMap(({ tasks }) => tasks)).map(({ path }) => path)
    const files = [...this.#known].flatMap(([number, { parts }]) => [entryPath(number), ...parts])
    const plan = planDiscard({
      newest: entry.number,
      kept: new Map(entry.alive.map((number) => [number, this.#known.get(number)])),
      metadataFiles: place.data === undefined ? [...files, ...state] : files,
      dataFiles: place.data === undefined ? [] : state,
    })
    const stages = [
      doom(place.metadata, plan.entries, noSizes),
      doom(place.metadata, plan.parts, noSizes),
      [...doom(place.metadata, plan.metadataState, noSizes), ...doom(place.data, plan.dataState, noSizes)],
    ]
    await deleteInStages(stages)
    const deleted = stages.flat().map(({ folder, name }) => joinUri(folder.uri, name))
    return { deleted, problems: [], pinned: [] }
  }
}
