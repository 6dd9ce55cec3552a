import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../../storage/temporary-directory.js'
import { Faults, type Order } from './faults.js'
import { untilStopped } from './process-state.js'

const program = fileURLToPath(new URL('./fixtures/obedient-child.mjs', import.meta.url))

interface Child {
  readonly process: ChildProcess
  /** Resolves with what it answers. */
  tell(line: string): Promise<string>
}

interface Bench {
  readonly disk: string
  readonly faults: Faults
  start(place?: 'thread' | 'blocking'): Promise<Child>
}

async function bench(): Promise<Bench> {
  const dir = await temporaryDirectory()
  const disk = join(dir, 'disk')
  await mkdir(disk)
  const faults = await Faults.open(join(dir, 'faults'), { under: [disk], journal: true })
  return {
    disk,
    faults,
    async start(place) {
      const args = [program, disk, ...(place ? [place] : [])]
      const env = { ...process.env, ...faults.env }
      const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
      onTestFinished(async () => {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL')
          await once(child, 'exit')
        }
      })
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const next = async () => String((await lines.next()).value)
      expect(await next()).toBe('ready')
      return {
        process: child,
        tell: (line) => {
          child.stdin.write(`${line}\n`)
          return next()
        },
      }
    },
  }
}

const kill: Order = { ops: ['link'], path: /chk-1\/_metadata$/, when: 'before', action: { do: 'kill' } }

describe.each([undefined, 'thread', 'blocking'] as const)('in a process, place %s', (place) => {
  test.each(['before', 'after'] as const)('a process is killed %s the very call', async (when) => {
    const { disk, faults, start } = await bench()
    const child = await start(place)
    expect(await child.tell('create chk-0/_metadata zero')).toBe('ok created')
    const armed = await faults.arm({ ...kill, when })
    const exited = once(child.process, 'exit')
    void child.tell('create chk-1/_metadata one')
    expect(await armed.struck).toMatchObject({ pid: child.process.pid, op: 'link', path: `${disk}/chk-1/_metadata` })
    expect(await exited).toEqual([null, 'SIGKILL'])
    const names = await readdir(join(disk, 'chk-1'))
    expect(names.includes('_metadata')).toBe(when === 'after')
    expect(names.some((name) => name.startsWith('.tmp-'))).toBe(true)
  })

  test('errors strike once, or for as long as they last', async () => {
    const { faults, start } = await bench()
    const child = await start(place)
    const once = { ops: ['sync'], content: /^first/, when: 'before', action: { do: 'fail', code: 'EIO' } } as const
    await faults.arm(once)
    expect(await child.tell('write a second')).toBe('ok')
    expect(await child.tell('write a first')).toBe('EIO')
    expect(await child.tell('write a first')).toBe('ok')
    await faults.arm({ ops: ['rename'], content: /^named/, when: 'before', action: { do: 'fail', code: 'EIO' } })
    expect(await child.tell('write a other')).toBe('ok')
    expect(await child.tell('write a named')).toBe('EIO')
    await faults.arm({ ops: ['close'], when: 'before', action: { do: 'fail', code: 'EIO' } })
    expect(await child.tell('write a closed')).toBe('EIO')
    const full = await faults.arm({
      ops: ['create'],
      when: 'before',
      action: { do: 'fail', code: 'ENOSPC' },
      lasting: true,
    })
    expect(await child.tell('write b 1')).toBe('ENOSPC')
    expect(await child.tell('part c')).toBe('ENOSPC')
    expect(await full.hasStruck()).toBe(true)
    await full.disarm()
    expect(await child.tell('write b 1')).toBe('ok')
  })

  test('a write comes half through, and the name is never given', async () => {
    const { disk, faults, start } = await bench()
    const child = await start(place)
    for (const line of ['write a 12345678', 'part 12345678']) {
      await faults.arm({ ops: ['write'], when: 'before', action: { do: 'short', code: 'ENOSPC' } })
      expect(await child.tell(line)).toBe('ENOSPC')
    }
    expect(await readdir(disk)).toEqual(['open-12345678'])
    expect(await readFile(join(disk, 'open-12345678'), 'utf8')).toBe('1234')
  })

  test('a call is held until it is released, and others go on', async () => {
    const { disk, faults, start } = await bench()
    const child = await start(place)
    const armed = await faults.arm({ ...kill, action: { do: 'hold' } })
    const held = child.tell('create chk-1/_metadata one')
    await armed.struck
    const second = await start(place)
    expect(await second.tell('create chk-1/_metadata two')).toBe('ok created')
    await armed.release()
    expect(await held).toBe('ok exists')
    expect(await armed.returned()).toBe('EEXIST')
    expect(await readFile(join(disk, 'chk-1/_metadata'), 'utf8')).toBe('two')
  })

  test('a process stands still before a call, and goes on with it', async () => {
    const { faults, start } = await bench()
    const child = await start(place)
    const armed = await faults.arm({ ...kill, action: { do: 'stop' } })
    const answer = child.tell('create chk-1/_metadata one')
    const { pid } = await armed.struck
    await untilStopped(pid)
    process.kill(pid, 'SIGCONT')
    expect(await answer).toBe('ok created')
  })
})

describe('a power cut', () => {
  async function cutAfter(line: string, order: Omit<Order, 'action'>): Promise<{ disk: string; undone: string[] }> {
    const { disk, faults, start } = await bench()
    const child = await start()
    for (const before of ['write old 12', 'write gone 34']) expect(await child.tell(before)).toBe('ok')
    const exited = once(child.process, 'exit')
    const armed = await faults.arm({ ...order, action: { do: 'kill' } })
    void child.tell(line)
    await armed.struck
    await exited
    return { disk, undone: await faults.powerCut() }
  }

  test('takes back a name that its folder was not synced for', async () => {
    const { disk } = await cutAfter('create new 56', { ops: ['link'], when: 'after' })
    expect((await readdir(disk)).sort()).toEqual(['gone', 'old'])
  })

  test('leaves what was synced', async () => {
    const { disk, undone } = await cutAfter('create new 56', { ops: ['syncFolder'], when: 'after' })
    expect((await readdir(disk)).sort()).toEqual(['gone', 'new', 'old'])
    expect(await readFile(join(disk, 'new'), 'utf8')).toBe('56')
    expect(undone).toEqual([])
  })

  test('brings back what a rename replaced', async () => {
    const { disk } = await cutAfter('write old 567', { ops: ['rename'], when: 'after' })
    expect((await readdir(disk)).sort()).toEqual(['gone', 'old'])
    expect(await readFile(join(disk, 'old'), 'utf8')).toBe('12')
  })

  test('brings back what was deleted, and takes back a folder with all that is in it', async () => {
    const { disk } = await cutAfter('delete gone', { ops: ['unlink'], when: 'after' })
    expect(await readFile(join(disk, 'gone'), 'utf8')).toBe('34')
    const folder = await cutAfter('create deep/er/new 5', { ops: ['syncFolder'], path: /deep$/, when: 'before' })
    expect((await readdir(folder.disk, { recursive: true })).sort()).toEqual(['deep', 'gone', 'old'])
  })

  test('empties a file that was not synced', async () => {
    const { disk } = await cutAfter('part x', { ops: ['sync'], when: 'before' })
    expect((await readdir(disk)).sort()).toEqual(['gone', 'old'])
  })
})
