import fs from 'node:fs'
import { join } from 'node:path'
import { isMainThread, threadId } from 'node:worker_threads'

// As they are before anything is patched: what a fault does is never struck itself.
const { existsSync, linkSync, readdirSync, readFileSync, renameSync, unlinkSync, watch, writeFileSync } = fs

/** What the standing orders say about a step. An order stands from the moment its file is there until that is removed. */
export class Orders {
  #orders
  #struck
  #release
  #returned
  #draft
  #known = new Map()

  constructor(control) {
    this.#draft = join(control, 'draft', `${process.pid}-${threadId}`)
    this.#orders = join(control, 'orders')
    this.#struck = join(control, 'struck')
    this.#release = join(control, 'release')
    this.#returned = join(control, 'returned')
  }

  /** The order that a step meets, without striking. */
  peek(step, when) {
    for (const name of readdirSync(this.#orders)) {
      const order = this.#read(name)
      if (order !== undefined && order.when === when && meets(order, step) && !this.#isDone(order)) return order
    }
    return undefined
  }

  /** The order that strikes now: of all threads and processes one gets it, unless it is a lasting one. */
  take(step, when) {
    const order = this.peek(step, when)
    if (order === undefined) return undefined
    const { op, path, from } = step
    const strike = { pid: process.pid, thread: isMainThread ? 0 : threadId, op, path, ...(from && { from }) }
    // By a link, so that who waits for it finds all of it, and one striker only gets the name.
    writeFileSync(this.#draft, JSON.stringify(strike))
    try {
      linkSync(this.#draft, join(this.#struck, order.id))
      return order
    } catch {
      return order.lasting ? order : undefined
    } finally {
      unlinkSync(this.#draft)
    }
  }

  async obey(order, step) {
    const { action } = order
    if (action.do === 'delay') await new Promise((resolve) => setTimeout(resolve, action.ms))
    else if (action.do === 'hold') await this.#released(order)
    else this.obeySync(order, step)
  }

  obeySync(order, step) {
    const { action } = order
    switch (action.do) {
      case 'kill':
        process.kill(process.pid, 'SIGKILL')
        return sleepSync(60_000)
      case 'stop':
        process.kill(process.pid, 'SIGSTOP')
        // The signal goes to the process, so another thread may be the one that takes it, a moment later.
        return sleepSync(20)
      case 'delay':
        return sleepSync(action.ms)
      case 'hold':
        while (!existsSync(join(this.#release, order.id))) sleepSync(5)
        return undefined
      default:
        return this.fail(order, step)
    }
  }

  fail({ action }, { op, path }) {
    const error = new Error(`${action.code}: injected into ${op} '${path}'`)
    throw Object.assign(error, { code: action.code, syscall: op, path })
  }

  /** How a call that was struck before it happened ended. */
  returned({ id, lasting }, { error }) {
    if (lasting) return
    writeFileSync(this.#draft, error === undefined ? 'ok' : String(error.code ?? error))
    renameSync(this.#draft, join(this.#returned, id))
  }

  #read(name) {
    if (this.#known.has(name)) return this.#known.get(name)
    let order
    try {
      order = JSON.parse(readFileSync(join(this.#orders, name), 'utf8'))
    } catch {
      return undefined // It was taken back just now.
    }
    order.matches = Object.fromEntries(
      ['path', 'from', 'content'].filter((key) => order[key] !== undefined).map((key) => [key, new RegExp(order[key])]),
    )
    this.#known.set(name, order)
    return order
  }

  #isDone({ id, lasting }) {
    return !lasting && existsSync(join(this.#struck, id))
  }

  #released({ id }) {
    return new Promise((resolve) => {
      const check = () => {
        if (!existsSync(join(this.#release, id))) return
        watcher.close()
        resolve()
      }
      const watcher = watch(this.#release, check)
      check()
    })
  }
}

function meets({ ops, matches, pid }, step) {
  return (
    ops.includes(step.op) &&
    (pid === undefined || pid === process.pid) &&
    (matches.path?.test(step.path) ?? true) &&
    (matches.from?.test(step.from ?? '') ?? true) &&
    (matches.content?.test(step.head ?? '') ?? true)
  )
}

function sleepSync(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
