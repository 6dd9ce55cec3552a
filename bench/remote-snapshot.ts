import { randomBytes } from 'node:crypto'
import { FileThreads } from '../src/engine/embedded/file-threads/file-threads.js'
import { KeyedStateStore } from '../src/engine/embedded/state/keyed-state-store.js'
import { writeState } from '../src/engine/embedded/task/write-state.js'
import { configureStorage, openStorage, type StorageSettings, storageSettings } from '../src/storage/index.js'
import { backMemory } from './backed-memory.js'
import type { Benchmark, Contender, Figures, Surroundings } from './benchmark.js'
import { onOtherProcessors } from './processors.js'

const keys = 100_000
const valueLength = 1_000
const streamedPiece = 256 * 1024

/** A server on this machine. */
export interface RemoteStore {
  /** Of a folder in it. */
  readonly uri: string
  readonly settings: Partial<StorageSettings>
  /** Programs that only upload, by what the tables call them, the first of which is what the others are compared with. */
  uploads(content: Buffer): Promise<Readonly<Record<string, () => Promise<unknown>>>>
}

export interface RemoteBenchmark extends Pick<Benchmark, 'name' | 'title'> {
  readonly protocol: string
  /** What the uploads do, and what the driver does besides, in sentences. */
  readonly about: string
  /** The server gets processors that nobody else uses, as a machine of its own would have. */
  readonly apart?: boolean
  start(surroundings: Surroundings): Promise<RemoteStore>
}

/** A full snapshot of 100 MB of state to a store on the network, beside plain uploads of as many bytes. */
export function remoteSnapshot({ name, title, protocol, about, apart = false, start }: RemoteBenchmark): Benchmark {
  return {
    name,
    title,
    description:
      `A task's state, ${keys} keys with values of ${valueLength} characters, is cut, encoded, hashed and written to ${protocol}, as a full ` +
      `snapshot does ([write-state.ts](../src/engine/embedded/task/write-state.ts)). ${about} The stream sends the same bytes through the ` +
      `driver alone. A gigabyte of memory is written to and freed before each, since the host of a virtual machine takes back what lies free. ${apart ? 'Client and server have one half of the processors each, as if on machines of their own.' : 'Client and server share the processors, so that encoding and hashing take from the server what they need.'}`,
    compares: { figure: 'MB/s', better: 'higher' },
    prepare: async (surroundings) => {
      const begin = () => start(surroundings)
      const { uri, settings, uploads } = await (apart ? onOtherProcessors(surroundings, begin) : begin())
      configureStorage({ ...storageSettings(), ...settings })
      const data = openStorage(uri)
      const snapshot = snapshotTo(uri, surroundings)
      const content = randomBytes(await snapshot())
      const contender = (name: string, work: () => Promise<unknown>): Contender => ({
        name,
        run: async () => {
          const free = await backMemory(surroundings.directory)
          await free()
          return throughput(content.length, work)
        },
      })
      let streams = 0
      return [
        ...Object.entries(await uploads(content)).map(([name, upload]) => contender(name, upload)),
        contender('stream of those bytes', () => data.write(`stream-${streams++}`, pieces(content))),
        contender('snapshot', snapshot),
      ]
    },
  }
}

/** Answers how many bytes a snapshot wrote. */
function snapshotTo(uri: string, { onClose }: Surroundings): () => Promise<number> {
  const data = openStorage(uri)
  const store = new KeyedStateStore<string>({ operator: 'bench', stateVersion: 1, incremental: false })
  for (let key = 0; key < keys; key++) store.set(`key-${key}`, randomBytes(valueLength / 2).toString('hex'))
  const threads = new FileThreads()
  onClose(() => threads.close())
  const openFilePort = async () => threads.open()
  let number = 0
  return async () => {
    number++
    const scope = { kind: 'job' } as const
    const context = {
      job: 'bench',
      execution: 'bench',
      attempt: 1,
      task: 0,
      scope,
      shared: false,
      number,
      openFilePort,
    }
    return (await writeState(data, 'bench', store.cut(number, undefined), context)).written
  }
}

async function throughput(bytes: number, work: () => Promise<unknown>): Promise<Figures> {
  const begun = performance.now()
  await work()
  const ms = performance.now() - begun
  return { 'MB/s': bytes / 1e3 / ms, ms }
}

async function* pieces(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += streamedPiece) yield bytes.subarray(at, at + streamedPiece)
}
