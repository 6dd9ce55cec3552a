import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { downloadCli } from '../../src/temporal/cli-download.js'
import { type CliRelease, releaseFor } from '../../src/temporal/cli-release.js'
import { temporaryDirectory } from './support.js'

const release = releaseFor('linux', 'x64') as CliRelease

/** A download service of our own on a free port. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

async function archiveOf(content: string): Promise<Buffer> {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'temporal'), content)
  await writeFile(join(directory, 'LICENSE'), 'the licence')
  await promisify(execFile)('tar', ['-czf', 'a.tar.gz', 'LICENSE', 'temporal'], { cwd: directory })
  return readFile(join(directory, 'a.tar.gz'))
}

describe('downloadCli', () => {
  it('asks for the pinned version and platform, follows to the archive, shows size and progress, and unpacks', async () => {
    const archive = await archiveOf('the executable')
    const asked: string[] = []
    const service = await serve((request, response) => {
      asked.push(request.url ?? '')
      if (request.url?.startsWith('/cli/')) {
        const archiveUrl = `http://${request.headers.host}/files/cli.tar.gz`
        response.end(JSON.stringify({ archiveUrl, fileToExtract: 'temporal' }))
      } else {
        response.writeHead(200, { 'content-length': archive.length }).end(archive)
      }
    })
    const lines: string[] = []
    const directory = await temporaryDirectory()
    const path = await downloadCli(directory, release, { service, log: (line) => lines.push(line) })
    expect(path).toBe(join(directory, 'temporal'))
    expect(await readFile(path, 'utf8')).toBe('the executable')
    expect(asked).toEqual(['/cli/v1.9.1?arch=amd64&platform=linux', '/files/cli.tar.gz'])
    expect(lines[0]).toMatch(/^Downloading the Temporal CLI 1\.9\.1 \(0\.0 MB\) from 127\.0\.0\.1:\d+$/)
    expect(lines.at(-1)).toBe('  100% of 0.0 MB')
  })

  it('gives up on a service that accepts and stays silent', async () => {
    const service = await serve(() => {})
    const download = downloadCli(await temporaryDirectory(), release, { service, log: () => {}, silenceMs: 100 })
    await expect(download).rejects.toThrow('no answer for 0.1 s')
  })

  it('gives up on an archive that stops in the middle', async () => {
    const service = await serve((request, response) => {
      if (request.url?.startsWith('/cli/')) {
        const archiveUrl = `http://${request.headers.host}/a.tar.gz`
        response.end(JSON.stringify({ archiveUrl, fileToExtract: 'temporal' }))
      } else {
        response.writeHead(200, { 'content-length': 1_000_000 }).write('a beginning')
      }
    })
    const download = downloadCli(await temporaryDirectory(), release, { service, log: () => {}, silenceMs: 200 })
    await expect(download).rejects.toThrow('no answer for 0.2 s')
  })

  it.each<[string, RequestListener, RegExp]>([
    ['an error', (_request, response) => response.writeHead(503).end(), /answers 503/],
    ['no JSON', (_request, response) => response.end('<html>'), /JSON/],
    [
      'a file name that leads elsewhere',
      (_request, response) =>
        response.end(JSON.stringify({ archiveUrl: 'http://x/y', fileToExtract: '../../temporal' })),
      /fileToExtract/,
    ],
  ])('says what is wrong when the service answers %s', async (_name, listener, reason) => {
    const service = await serve(listener)
    await expect(downloadCli(await temporaryDirectory(), release, { service, log: () => {} })).rejects.toThrow(reason)
  })

  it('says so when what arrives is no archive', async () => {
    const service = await serve((request, response) => {
      const archiveUrl = `http://${request.headers.host}/a.tar.gz`
      response.end(
        request.url?.startsWith('/cli/') ? JSON.stringify({ archiveUrl, fileToExtract: 'temporal' }) : 'no gzip',
      )
    })
    await expect(downloadCli(await temporaryDirectory(), release, { service, log: () => {} })).rejects.toThrow(
      /"tar" ended with/,
    )
  })
})
