import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { installMoto } from '../../test/support/servers/moto.js'
import type { Surroundings } from '../benchmark.js'

const program = fileURLToPath(new URL('./boto3-upload.py', import.meta.url))

export interface Uploader {
  /** Sends the content once more, under a key. */
  upload(key: string): Promise<void>
}

/** AWS's own transfer manager, in a Python process that is started and has the content in memory. */
export async function startBoto3(
  { directory, onClose }: Surroundings,
  { endpoint, bucket, content }: { readonly endpoint: string; readonly bucket: string; readonly content: Buffer },
): Promise<Uploader> {
  const file = `${directory}/content`
  writeFileSync(file, content)
  // It comes with moto. An empty profile, as the users of our servers have it, is one that is missing to it.
  const { AWS_PROFILE: _, ...env } = process.env
  const uploader = spawn('python3', [program, endpoint, bucket, file], {
    env: { ...env, PYTHONPATH: await installMoto() },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(uploader, 'exit')
  // It ends with its input.
  onClose(async () => {
    uploader.stdin.end()
    await exited
  })
  const lines = createInterface({ input: uploader.stdout })
  const ended = exited.then(([code]) => Promise.reject(new Error(`boto3 ended (${code})`)))
  ended.catch(() => undefined)
  const answer = () => Promise.race([once(lines, 'line'), ended])
  await answer()
  return {
    upload: async (key) => {
      const answered = answer()
      uploader.stdin.write(`${key}\n`)
      await answered
    },
  }
}
