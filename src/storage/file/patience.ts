/**
 * A call to a file system that hangs (a network mount whose server is gone, a frozen disk) cannot be taken back, and it occupies one of the few
 * threads that every asynchronous file operation, name look-up and compression of the whole process shares (`UV_THREADPOOL_SIZE`,
 * 4 by default). So three things are bounded here, over all threads of the process:
 *
 * - a call is given up after a time, and counts as hanging until it returns, however late;
 * - while one hangs, no other call begins below the same directory: it is refused at once;
 * - calls of ours never take the last thread of the pool, and those below one directory never the last but one.
 *
 * A call that was given up may still happen. That is no news to those who make them: a frozen process does the same.
 */
const poolSize = Number(process.env.UV_THREADPOOL_SIZE) || 4

const lookAgainMs = 5
const places = 256

/** Of calls in flight in all, then, for each directory by its hash, of those in flight and of those that hang. */
const counters = 1 + 2 * places
const make = () => new Int32Array(new SharedArrayBuffer(4 * counters))

/** What all threads count together, and this thread's part of it. */
let shared = make()
let own = make()
let longestMs = 30_000
const waiting = new Set<() => void>()

/** For a thread to be born with. */
export interface Patience {
  readonly shared: SharedArrayBuffer
  readonly own: SharedArrayBuffer
}

export function patienceForThread(): Patience {
  return { shared: shared.buffer as SharedArrayBuffer, own: make().buffer as SharedArrayBuffer }
}

export function joinPatience(patience: Patience): void {
  shared = new Int32Array(patience.shared)
  own = new Int32Array(patience.own)
}

/** A thread that was ended in the middle of a call cannot say that the call has returned; but it does not end before that. */
export function forgetThread(patience: Patience): void {
  for (const [index, count] of new Int32Array(patience.own).entries()) Atomics.sub(shared, index, count)
}

/** @param ms after which a call is given up */
export function limitCalls(ms: number): void {
  longestMs = ms
}

/** That many milliseconds. */
export function callLimitMs(): number {
  return longestMs
}

/** Whether a call that was given up has not returned yet: then the process cannot end in good order either. */
export function anythingHangs(): boolean {
  return shared.subarray(1 + places).some((count) => count > 0)
}

/** The file system does not answer. */
export class Hanging extends Error {
  /** Resolves when the call that hangs has returned after all; at once where another one hangs. */
  readonly over: Promise<unknown>

  constructor(ms: number, over: Promise<unknown>) {
    super(
      `the file system has not answered for ${ms} ms: check its mount and its server; it is used again once it answers`,
    )
    this.name = 'Hanging'
    this.over = over
  }
}

/**
 * Makes one call below `root` (any text that names what hangs together).
 * @throws Hanging
 */
export async function patiently<T>(root: string, call: () => Promise<T>): Promise<T> {
  const place = 1 + hashOf(root)
  const hanging = place + places
  // Calls that only wait their turn are many rather than hung: those whose turn it is are given up well before.
  const deadline = Date.now() + 3 * longestMs
  const refuse = () => {
    throw new Hanging(longestMs, Promise.resolve())
  }
  for (;;) {
    if (Atomics.load(shared, hanging) > 0) refuse()
    if (takeRoom(place)) break
    if (Date.now() >= deadline) refuse()
    await someRoom()
  }
  return begin(call, place, hanging)
}

/** By hand rather than by a race of promises: there are dozens of calls for each checkpoint. */
function begin<T>(call: () => Promise<T>, place: number, hanging: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const counted = [0, place]
    let onReturned: () => void = () => {}
    const limit = setTimeout(() => {
      counted.push(hanging)
      add(hanging, 1)
      const over = new Promise<void>((returned) => {
        onReturned = returned
      })
      reject(new Hanging(longestMs, over))
    }, longestMs)
    const returned = () => {
      for (const index of counted) add(index, -1)
      clearTimeout(limit)
      const [next] = waiting
      next?.()
      onReturned()
    }
    const running = async () => call()
    running().then(
      (value) => {
        returned()
        resolve(value)
      },
      (error: unknown) => {
        returned()
        reject(error)
      },
    )
  })
}

/** Answers what all threads had counted before. */
function add(index: number, change: 1 | -1): number {
  Atomics.add(own, index, change)
  return Atomics.add(shared, index, change)
}

/** A call of this thread that returns wakes one that waits; another thread's is noticed a little later. */
function someRoom(): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      waiting.delete(look)
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(look, lookAgainMs)
    waiting.add(look)
  })
}

/** Also where the pool has a thread or two only, one call at a time is made. */
function takeRoom(place: number): boolean {
  if (add(0, 1) < Math.max(1, poolSize - 1)) {
    if (add(place, 1) < Math.max(1, poolSize - 2)) return true
    add(place, -1)
  }
  add(0, -1)
  return false
}

function hashOf(text: string): number {
  let hash = 0
  for (let index = 0; index < text.length; index++) hash = (hash * 31 + text.charCodeAt(index)) | 0
  return (hash >>> 0) % places
}
