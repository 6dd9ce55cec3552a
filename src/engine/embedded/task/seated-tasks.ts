import { TidemarkError } from '../../../errors.js'
import { toWire } from '../../../threads/wire-error.js'
import type { Seat, SeatProgress, TaskEvent, ThreadMessage } from '../messages.js'
import type { LoadedTask } from './load-task.js'
import type { Task, TaskListener } from './task.js'

/** How often it is told how far the tasks have come, milliseconds. */
const progressMs = 500

/** A few names say enough. */
const namedTasks = 3

interface Place {
  readonly label: string
  /** Its state, from then on until there is a task. */
  loaded?: Promise<LoadedTask>
  task?: Promise<Task>
  /** What changes something outside and must not go on behind the back of the next attempt. */
  readonly busy: Set<Promise<unknown>>
  running?: Task
  told?: { readonly records: number; readonly emitted: number }
}

/** The tasks of this thread, each at its seat. */
export class SeatedTasks {
  readonly #post: (message: ThreadMessage) => void
  readonly #places = new Map<number, Place>()

  constructor(post: (message: ThreadMessage) => void) {
    this.#post = post
    setInterval(() => this.#tellProgress(), progressMs).unref()
  }

  /** Of whom it may be, where that is not known. */
  names(): string {
    const labels = [...this.#places.values()].map(({ label }) => label)
    const more = labels.length - namedTasks
    return [...labels.slice(0, namedTasks), ...(more > 0 ? [`${more} more`] : [])].join(' or ') || 'tidemark'
  }

  async load(seat: Seat, loading: Promise<LoadedTask>): Promise<void> {
    this.#place(seat).loaded = loading
    await loading
  }

  async open(seat: Seat, open: (loaded: LoadedTask, listener: TaskListener) => Promise<Task>): Promise<Task> {
    const { number, label } = seat
    const place = this.#place(seat)
    const { loaded } = place
    if (loaded === undefined)
      throw new TidemarkError('InvariantBroken', `The state of ${label} was not loaded in this thread.`)
    const opening = loaded.then((loaded) =>
      open(loaded, {
        exhausted: (task) => {
          this.#tellProgress()
          this.#tell(number, { type: 'exhausted', task })
        },
        failed: (task, error) => this.#tell(number, { type: 'failed', task, error: toWire(error) }),
      }),
    )
    place.task = opening
    const task = await opening
    place.running = task
    return task
  }

  at({ number, label }: Seat): Promise<Task> {
    const task = this.#places.get(number)?.task
    if (task === undefined) throw new TidemarkError('InvariantBroken', `This thread does not hold ${label}.`)
    return task
  }

  /** Whoever closes the task waits for this first. */
  occupy<T>(seat: Seat, work: Promise<T>): Promise<T> {
    const { busy } = this.#place(seat)
    busy.add(work)
    return work.finally(() => busy.delete(work))
  }

  async close(seat: Seat): Promise<void> {
    const place = this.#places.get(seat.number)
    if (place === undefined) return
    const { busy, loaded, task } = place
    await Promise.allSettled([
      ...busy,
      task?.then((task) => task.close()) ?? loaded?.then(({ backend }) => backend.close()),
    ])
    this.forget(seat)
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#places].map(([number, { label }]) => this.close({ number, label })))
  }

  forget({ number }: Seat): void {
    this.#places.delete(number)
  }

  #place({ number, label }: Seat): Place {
    const known = this.#places.get(number)
    if (known !== undefined) return known
    const place: Place = { label, busy: new Set() }
    this.#places.set(number, place)
    return place
  }

  #tell(seat: number, event: TaskEvent): void {
    this.#post({ kind: 'event', seat, event })
  }

  /** Of those that have come on: an idle task says nothing. */
  #tellProgress(): void {
    const of: SeatProgress[] = []
    for (const [seat, place] of this.#places) {
      const { running, told } = place
      const now = running?.progress
      if (running === undefined || now === undefined) continue
      if (now.records === told?.records && now.emitted === told.emitted) continue
      place.told = now
      of.push({ seat, event: { type: 'progress', task: running.number, ...now } })
    }
    if (of.length > 0) this.#post({ kind: 'progress', of })
  }
}
