/**
 * Preloaded into worker processes (`node --import`, which their task threads inherit): puts a look at the standing orders
 * before and after each call by which the product changes or reads a disk. FAULTS names the control directory and which paths count;
 * `faults.ts` is the other end. Nothing here knows the product.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { Journal } from './journal.mjs'
import { Orders } from './orders.mjs'

const settings = JSON.parse(process.env.FAULTS ?? 'null')
if (settings !== null) install(settings)

function install({ control, under, journal }) {
  const orders = new Orders(control)
  const notes = new Journal(control, journal)
  /** Open files and folders: descriptor → what is known of it. */
  const open = new Map()
  /** What was written first to files that are closed by now: path → head. The oldest are forgotten. */
  const heads = new Map()
  const closed = ({ path, head }) => {
    if (head === undefined) return
    heads.set(path, head)
    if (heads.size > 200) heads.delete(heads.keys().next().value)
  }
  const counts = (path) => typeof path === 'string' && isBelow(path, under) && !isBelow(path, [control])

  /** One call of the file system as a step that may be struck. `undo` facts go into the journal. */
  async function around(step, call) {
    const before = orders.take(step, 'before')
    if (before !== undefined) await orders.obey(before, step)
    const noted = notes.begin(step)
    const outcome = await settle(call, noted)
    const after = orders.take(step, 'after')
    if (after !== undefined) await orders.obey(after, step)
    if (before !== undefined) orders.returned(before, outcome)
    return result(outcome)
  }

  function aroundSync(step, call) {
    const before = orders.take(step, 'before')
    if (before !== undefined) orders.obeySync(before, step)
    const noted = notes.begin(step)
    let outcome
    try {
      outcome = { value: call() }
      noted.done()
    } catch (error) {
      outcome = { error }
      noted.failed(error)
    }
    const after = orders.take(step, 'after')
    if (after !== undefined) orders.obeySync(after, step)
    if (before !== undefined) orders.returned(before, outcome)
    return result(outcome)
  }

  /** @param place which arguments are paths: the last one is where the step happens */
  const patch = (calls, name, take, op, place = 1) => {
    const original = calls[name]
    calls[name] = (...args) => {
      const path = args[place - 1]
      if (!counts(path)) return original(...args)
      const step = { op, path, ...(place === 2 && { from: args[0], head: heads.get(args[0]) }), options: args[place] }
      return take(step, () => original(...args))
    }
  }
  for (const [name, op] of [
    ['readFile', 'read'],
    ['unlink', 'unlink'],
    ['mkdir', 'mkdir'],
    ['rmdir', 'rmdir'],
    ['readdir', 'list'],
    ['lstat', 'stat'],
    ['stat', 'stat'],
    ['realpath', 'realpath'],
  ]) {
    patch(fs.promises, name, around, op)
    // What is read as a whole at once is opened by `openSync`.
    if (!['readFile', 'realpath', 'stat'].includes(name)) patch(fs, `${name}Sync`, aroundSync, op)
  }
  patch(fs.realpathSync, 'native', aroundSync, 'realpath')
  for (const name of ['link', 'rename']) {
    patch(fs.promises, name, around, name, 2)
    patch(fs, `${name}Sync`, aroundSync, name, 2)
  }

  const openPromise = fs.promises.open
  fs.promises.open = async (path, flags, ...rest) => {
    if (!counts(path)) return openPromise(path, flags, ...rest)
    const handle = await around({ op: opening(path, flags), path }, () => openPromise(path, flags, ...rest))
    patchHandles(Object.getPrototypeOf(handle))
    const file = describe(handle.fd, path)
    open.set(handle.fd, file)
    // Unlike the others this one is the handle's own.
    const { close } = handle
    handle.close = () => {
      open.delete(file.fd)
      closed(file)
      return around({ op: 'close', ...file }, () => close.call(handle))
    }
    return handle
  }

  let handlesPatched = false
  function patchHandles(prototype) {
    if (handlesPatched) return
    handlesPatched = true
    for (const name of ['appendFile', 'writeFile', 'write']) {
      const original = prototype[name]
      prototype[name] = function (data, ...rest) {
        return writing(this.fd, data, (bytes) => original.call(this, bytes, ...rest))
      }
    }
    const { writev } = prototype
    prototype.writev = function (chunks, ...rest) {
      return writing(this.fd, Buffer.concat(chunks), (bytes) => writev.call(this, [bytes], ...rest))
    }
    for (const name of ['sync', 'datasync']) {
      const original = prototype[name]
      prototype[name] = function () {
        const file = open.get(this.fd)
        return file === undefined ? original.call(this) : around(syncStep(file), () => original.call(this))
      }
    }
  }

  const writeFilePromise = fs.promises.writeFile
  fs.promises.writeFile = (target, data, ...rest) => {
    const fd = typeof target === 'object' ? target?.fd : undefined
    return fd === undefined
      ? writeFilePromise(target, data, ...rest)
      : writing(fd, data, (bytes) => writeFilePromise(target, bytes, ...rest))
  }

  async function writing(fd, data, write) {
    const file = open.get(fd)
    if (file === undefined) return write(data)
    const step = writeStep(file, data)
    const before = orders.take(step, 'before')
    const short = before?.action.do === 'short'
    if (before !== undefined && !short) await orders.obey(before, step)
    const noted = notes.begin(step)
    const outcome = await settle(() => write(short ? half(data) : data), noted)
    const after = orders.take(step, 'after')
    if (after !== undefined) await orders.obey(after, step)
    if (before !== undefined) orders.returned(before, outcome)
    if (short) orders.fail(before, step)
    return result(outcome)
  }

  const { openSync, writeFileSync, writevSync, closeSync, fsync, fsyncSync } = fs
  fs.openSync = (path, flags, ...rest) => {
    if (!counts(path)) return openSync(path, flags, ...rest)
    const fd = aroundSync({ op: opening(path, flags), path }, () => openSync(path, flags, ...rest))
    open.set(fd, describe(fd, path))
    return fd
  }
  fs.writeFileSync = (target, data, ...rest) =>
    writingSync(target, data, (bytes) => writeFileSync(target, bytes, ...rest))
  fs.writevSync = (fd, chunks, ...rest) =>
    writingSync(fd, Buffer.concat(chunks), (bytes) => writevSync(fd, [bytes], ...rest))

  function writingSync(target, data, write) {
    const file = typeof target === 'number' ? open.get(target) : undefined
    if (file === undefined) return write(data)
    const step = writeStep(file, data)
    const before = orders.peek(step, 'before')
    if (before?.action.do !== 'short') return aroundSync(step, () => write(data))
    if (orders.take(step, 'before') === undefined) return write(data)
    const noted = notes.begin(step)
    write(half(data))
    noted.done()
    return orders.fail(before, step)
  }

  fs.closeSync = (fd) => {
    const file = open.get(fd)
    if (file === undefined) return closeSync(fd)
    open.delete(fd)
    closed(file)
    return aroundSync({ op: 'close', ...file }, () => closeSync(fd))
  }
  fs.fsyncSync = (fd) => {
    const file = open.get(fd)
    return file === undefined ? fsyncSync(fd) : aroundSync(syncStep(file), () => fsyncSync(fd))
  }
  fs.fsync = (fd, done) => {
    const file = open.get(fd)
    if (file === undefined) return fsync(fd, done)
    const sync = () => new Promise((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve())))
    around(syncStep(file), sync).then(() => done(null), done)
  }
  syncBuiltinESMExports()
}

async function settle(call, noted) {
  try {
    const value = await call()
    noted.done()
    return { value }
  } catch (error) {
    noted.failed(error)
    return { error }
  }
}

function result({ error, value }) {
  if (error !== undefined) throw error
  return value
}

/** The head of what is written is remembered, so that an order may name a temporary by its content. */
function writeStep(file, data) {
  file.head ??= typeof data === 'string' ? data.slice(0, 4096) : Buffer.from(data).subarray(0, 4096).toString('latin1')
  return { op: 'write', ...file }
}

function syncStep(file) {
  return { op: file.folder ? 'syncFolder' : 'sync', ...file }
}

function describe(fd, path) {
  const found = fs.fstatSync(fd)
  return { path, fd, ino: found.ino, folder: found.isDirectory(), head: undefined }
}

/** A file is opened in order to read all of it, a folder in order to sync it. */
function opening(path, flags) {
  const creates = typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : /[wa]/.test(flags ?? 'r')
  if (creates) return 'create'
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ? 'openFolder' : 'read'
}

function half(data) {
  return data.slice(0, Math.floor(data.length / 2))
}

function isBelow(path, folders) {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`))
}
