import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { loadConfiguration } from '../../src/spec/configuration.js'
import { connectClient } from '../../src/temporal/connection.js'
import { startDevServer } from '../../src/temporal/dev-server.js'
import { dynamicConfig } from '../../src/temporal/dev-server-flags.js'
import { searchAttributes } from '../../src/temporal/search-attributes.js'
import { plainTarget } from '../../src/temporal/target.js'
import { findTemporalCli } from '../../src/temporal/temporal-cli.js'
import { temporaryDirectory } from './support.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

const service = z.object({
  image: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
})

async function readCompose() {
  const text = await readFile(join(root, 'docker-compose.yml'), 'utf8')
  return z.object({ services: z.record(z.string(), service) }).parse(parse(text, { merge: true }))
}

async function setupEnvironment(): Promise<Record<string, string>> {
  return (await readCompose()).services['temporal-setup']?.environment ?? {}
}

describe('docker-compose.yml', () => {
  it('registers exactly our search attributes', async () => {
    const pairs = (await setupEnvironment()).SEARCH_ATTRIBUTES?.split(/\s+/).map((pair) => pair.split('='))
    expect(Object.fromEntries(pairs ?? [])).toEqual(searchAttributes)
  })

  it('listens on this machine only', async () => {
    const { services } = await readCompose()
    const ports = Object.values(services).flatMap(({ ports }) => ports)
    expect(ports).toEqual(['127.0.0.1:7233:7233', '127.0.0.1:8233:8080'])
  })

  it('pins every image that it does not build', async () => {
    const { services } = await readCompose()
    const images = Object.entries(services).flatMap(([name, { image }]) => (name === 'worker' ? [] : [image]))
    expect(images).not.toEqual([])
    expect(images.filter((image) => !/:\d+(\.\d+)*$/.test(image))).toEqual([])
  })

  it('gives the server the timers that the embedded one has', async () => {
    const text = await readFile(join(root, 'docker', 'dynamicconfig', 'tidemark.yaml'), 'utf8')
    const settings = z
      .record(z.string(), z.tuple([z.object({ value: z.union([z.string(), z.number()]) })]))
      .parse(parse(text))
    const values = Object.entries(settings).map(([key, [{ value }]]) => [key, value])
    expect(Object.fromEntries(values)).toEqual(dynamicConfig)
    const { services } = await readCompose()
    expect(services.temporal?.environment.DYNAMIC_CONFIG_FILE_PATH).toBe('/setup/dynamicconfig/tidemark.yaml')
  })
})

describe('docker/Dockerfile', () => {
  it('names its directories by variables that Tidemark reads', async () => {
    const text = await readFile(join(root, 'docker', 'Dockerfile'), 'utf8')
    const env = Object.fromEntries(
      [...text.matchAll(/\b(TIDEMARK_\w+)="?([^"\s]+)/g)].map(([, name, value]) => [name, value]),
    )
    const configuration = loadConfiguration({ env, cwd: await temporaryDirectory() })
    expect(configuration).toMatchObject({
      checkpointsDir: 'file:///checkpoints',
      dataDir: 'file:///checkpoints',
      allowedDirs: ['file:///checkpoints', 'file:///output'],
    })
  })
})

describe('docker/setup-namespace.sh', () => {
  it('makes the namespace ready on a real server, and may run again', async () => {
    const server = await startDevServer({ headless: true, searchAttributes: {} })
    onTestFinished(() => server.stop())
    const bin = join(await temporaryDirectory(), 'bin')
    await mkdir(bin)
    await symlink((await findTemporalCli()).path, join(bin, 'temporal'))
    const environment = await setupEnvironment()
    const env = {
      ...environment,
      PATH: `${bin}:${process.env.PATH}`,
      HOME: bin,
      TEMPORAL_ADDRESS: server.address,
      TEMPORAL_NAMESPACE: 'streams',
    }
    const run = () => promisify(execFile)('/bin/sh', [join(root, 'docker', 'setup-namespace.sh')], { env })

    expect((await run()).stdout).toContain('The namespace streams is ready.')
    const { connection } = await connectClient(plainTarget(server.address, 'streams'))
    onTestFinished(() => connection.close())
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'streams' })
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(Object.keys(searchAttributes)))
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'streams' })
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(168 * 60 * 60)

    expect((await run()).stdout).toContain('The namespace streams is ready.')
  })
})
