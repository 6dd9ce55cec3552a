import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claimPort } from '../../../src/temporal/free-port.js'
import { runTool } from '../../../src/temporal/run-tool.js'
import { cached } from '../cached.js'
import { findGo } from './go.js'
import { type S3Server, s3Access } from './s3-server.js'
import { startServerProcess } from './server-process.js'

/** The last release whose source the Go module proxy has. */
const version = 'v0.0.0-20260212201848-7aac2a2c5b7c'

/** MinIO: the most used S3 server that is not AWS, on a disk. Compiled from its source at the first use, which takes some minutes. */
export async function startMinio(): Promise<S3Server> {
  const command = await installMinio()
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-minio-'))
  const port = await claimPort(undefined, '127.0.0.1', 'MinIO')
  const endpoint = `http://127.0.0.1:${port}`
  const access = s3Access(endpoint, 'minio-admin', 'minio-secret')
  const start = () =>
    startServerProcess({
      command,
      args: ['server', directory, '--quiet', '--address', `127.0.0.1:${port}`],
      env: {
        MINIO_ROOT_USER: access.env.AWS_ACCESS_KEY_ID,
        MINIO_ROOT_PASSWORD: access.env.AWS_SECRET_ACCESS_KEY,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
      },
      readyUrl: `${endpoint}/minio/health/ready`,
    })
  let server = await start()
  return {
    ...access,
    kill: () => server.kill(),
    async restart() {
      server = await start()
    },
    async stop() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The executable that TIDEMARK_MINIO names, else one that is built here. */
export async function installMinio(): Promise<string> {
  const named = process.env.TIDEMARK_MINIO
  if (named) return named
  const directory = await cached(`minio-${version}`, async (partial) => {
    const { go, env } = await findGo()
    // Without its console and most of what it can be built with, none of which S3 needs.
    const build = { ...env, GOBIN: partial, CGO_ENABLED: '0', GOFLAGS: '-ldflags=-s' }
    await runTool(go, ['install', `github.com/minio/minio@${version}`], { env: build })
  })
  return join(directory, 'minio')
}
