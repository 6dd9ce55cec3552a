import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { isMainThread, threadId } from 'node:worker_threads'

const { existsSync, linkSync, openSync, statSync, writeSync } = fs

/** Calls that change a disk or make a change durable. */
const kept = new Set(['create', 'write', 'sync', 'syncFolder', 'link', 'rename', 'unlink', 'mkdir', 'rmdir'])
const nothing = { done() {}, failed() {} }

/**
 * What this thread did to the disk, a line before each step and one after it, in files that outlive it: power-cut.ts reads there what
 * a machine that loses power would have lost. A name that is about to go gets a second one first, so that it can come back.
 */
export class Journal {
  #file
  #graves
  #next = 0
  #prefix

  constructor(control, wanted) {
    if (!wanted) return
    this.#prefix = `${process.pid}-${isMainThread ? 0 : threadId}`
    this.#file = openSync(join(control, 'journal', this.#prefix), 'a')
    this.#graves = join(control, 'graves')
  }

  begin(step) {
    if (this.#file === undefined || !kept.has(step.op)) return nothing
    const id = `${this.#prefix}-${this.#next++}`
    const { op, path, from, ino, head: _, ...rest } = step
    const facts = { op, path, ...(from && { from }), ...(ino !== undefined && { ino }), ...this.#prepare(id, step) }
    this.#write({ id, begin: now(), ...facts })
    return {
      done: () => this.#write({ id, end: now(), ...this.#learn(op, path, rest.fd) }),
      failed: (error) => this.#write({ id, failed: error.code ?? String(error) }),
    }
  }

  /** What can be known only before the step. */
  #prepare(id, { op, path, from, options }) {
    switch (op) {
      case 'unlink':
        return { grave: this.#bury(id, path) }
      case 'rename':
        return { ...inodeOf(from), grave: this.#bury(id, path), graveFrom: this.#bury(`${id}-from`, from) }
      case 'link':
        return inodeOf(from)
      case 'mkdir':
        return { made: options?.recursive ? missingLevels(path) : [path] }
      default:
        return {}
    }
  }

  /** What can be known only after it. */
  #learn(op, path, fd) {
    if (op === 'create') return inodeOf(path)
    return op === 'write' ? { size: fs.fstatSync(fd).size } : {}
  }

  #bury(id, path) {
    const grave = join(this.#graves, id)
    try {
      linkSync(path, grave)
      return grave
    } catch {
      return undefined // There is nothing of that name, or it is no file.
    }
  }

  #write(line) {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }
}

/** Microseconds of the machine's own clock, the same for all its processes. */
function now() {
  return Number(process.hrtime.bigint() / 1000n)
}

function inodeOf(path) {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? {} : { ino: found.ino }
}

function missingLevels(path) {
  const missing = []
  for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at)
  return missing
}
