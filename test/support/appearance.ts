import { existsSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** Resolves when a file is there. Its folder must be. */
export function appearance(path: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = watch(dirname(path))
    const check = () => {
      if (!existsSync(path)) return
      watcher.close()
      resolve()
    }
    watcher.on('change', check)
    watcher.on('error', reject)
    signal?.addEventListener('abort', () => {
      watcher.close()
      reject(signal.reason)
    })
    check()
  })
}
