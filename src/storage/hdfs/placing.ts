import { dirname } from 'node:path/posix'
import { backOff, mostAttempts, retrying } from '../retry.js'
import { temporaryName } from '../temporary.js'
import { type Content, type Fingerprint, fingerprintOf } from './content.js'
import { HdfsFailure, isFailure, mayPass } from './failure.js'
import type { Folders } from './folders.js'
import { streamFile } from './reading.js'
import type { WebHdfs } from './webhdfs.js'

/** How often a write begins again because another process pruned the folder or removed the temporary. Each time somebody else made progress. */
const patience = 100

/**
 * Gives `path` its content, whole or not at all: a temporary in the same folder, then RENAME, which is one step of the name node. An upload
 * that is cut leaves a temporary, never a part of the file, and holds no name.
 *
 * What has been read from a stream cannot be had again: where the upload of a long one breaks, the write fails.
 */
export class Placing {
  readonly #hdfs: WebHdfs
  readonly #folders: Folders

  constructor(hdfs: WebHdfs, folders: Folders) {
    this.#hdfs = hdfs
    this.#folders = folders
  }

  /** @param taken what to do where the name is taken */
  async place(path: string, content: Content, taken: 'NONE' | 'OVERWRITE'): Promise<'created' | 'exists'> {
    for (let round = 1; ; round++) {
      const temporary = await this.#upload(dirname(path), content)
      const outcome = await this.#publish(temporary, path, content, taken)
      if (outcome !== 'gone') return outcome
      this.#folders.forget(dirname(path))
      if (!content.repeatable || round === patience) {
        throw new HdfsFailure('refused', '', 'somebody removed the unfinished file')
      }
    }
  }

  /** @returns the path of a temporary that holds all of it, on disk */
  async #upload(folder: string, content: Content): Promise<string> {
    let rounds = 0
    const create = async () => {
      for (;;) {
        try {
          return await this.#create(folder, content)
        } catch (error) {
          if (!isFailure(error, 'not-found') || !content.repeatable || ++rounds === patience) throw error
        }
      }
    }
    return retrying(create, (error) => content.repeatable && content.failure === undefined && mayPass(error))
  }

  async #create(folder: string, content: Content): Promise<string> {
    const temporary = `${folder}/${temporaryName()}`
    try {
      await this.#folders.prepare(folder)
      await this.#hdfs.create(temporary, content.body(), (piece) => content.sent(piece))
      return temporary
    } catch (error) {
      if (content.failure === undefined && (await this.#landed(temporary, content, error))) return temporary
      // Whatever it was: the folder may have been pruned, and a refusal of a long body comes as a broken connection.
      this.#folders.forget(folder)
      void this.#hdfs.tryRemove(temporary)
      throw error
    }
  }

  /** Whether a long stream, which cannot be sent again, arrived although the answer was lost. */
  async #landed(temporary: string, content: Content, error: unknown): Promise<boolean> {
    const fingerprint = content.fingerprint()
    if (content.repeatable || fingerprint === undefined || !isFailure(error, 'no-answer')) return false
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      try {
        // A block counts once it is complete, on the disks. The data node may still be busy with the last one.
        if ((await this.#hdfs.status(temporary)).length === fingerprint.length) return true
      } catch (failure) {
        if (isFailure(failure, 'not-found')) return false
        throw failure
      }
      await backOff(attempt)
    }
    return false
  }

  async #publish(temporary: string, path: string, content: Content, taken: 'NONE' | 'OVERWRITE') {
    const { unclear, failure } = await this.#hdfs.rename(temporary, path, taken)
    if (failure === undefined) return 'created'
    if (isFailure(failure, 'exists')) {
      // That also settles the other one's file, whose writer may not have had its answer yet: the log of a name node has one order.
      await this.#hdfs.remove(temporary)
      return 'exists'
    }
    if (isFailure(failure, 'not-found')) {
      // Either an earlier try gave it its name, and its answer was lost, or somebody who may (`tidy`, a prune) was there.
      if (!unclear || !(await this.#holds(path, content.fingerprint()))) return 'gone'
      await this.#hdfs.settle(path)
      return 'created'
    }
    void this.#hdfs.tryRemove(temporary)
    throw failure
  }

  async #holds(path: string, expected: Fingerprint | undefined): Promise<boolean> {
    try {
      if ((await this.#hdfs.status(path)).length !== expected?.length) return false
      return (await fingerprintOf(streamFile(this.#hdfs, path, { start: 0 }))).checksum === expected.checksum
    } catch (error) {
      if (isFailure(error, 'not-found', 'not-a-folder')) return false
      throw error
    }
  }
}
