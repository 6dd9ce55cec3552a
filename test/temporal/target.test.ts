import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isTemporalConfigured, resolveTemporal } from '../../src/temporal/target.js'
import { temporaryDirectory } from './support.js'

/** An environment whose default configuration file is this one, and no other of the machine. */
async function withFile(toml: string, env: Record<string, string> = {}) {
  const directory = await temporaryDirectory()
  const file = join(directory, 'temporal.toml')
  await writeFile(file, toml)
  return { HOME: directory, TEMPORAL_CONFIG_FILE: file, ...env }
}

const profiles = `
[profile.default]
address = "default.example:7233"
namespace = "from-file"

[profile.cloud]
address = "cloud.example:7233"
api_key = "secret"

[profile.bare]
namespace = "no-address"
`

describe('resolveTemporal', () => {
  it('without any configuration is the local server, and not configured', async () => {
    const env = { HOME: await temporaryDirectory() }
    expect(resolveTemporal(env)).toMatchObject({
      address: 'localhost:7233',
      namespace: 'default',
      connectionOptions: { address: 'localhost:7233' },
    })
    expect(resolveTemporal(env).connectionOptions.tls).toBeUndefined()
    expect(isTemporalConfigured(env)).toBe(false)
  })

  it('reads the variables', async () => {
    const env = { HOME: await temporaryDirectory(), TEMPORAL_ADDRESS: 'there:1', TEMPORAL_NAMESPACE: 'mine' }
    expect(resolveTemporal(env)).toMatchObject({ address: 'there:1', namespace: 'mine', origin: 'TEMPORAL_ADDRESS' })
    expect(isTemporalConfigured(env)).toBe(true)
  })

  it('takes an empty variable for one that is not set', async () => {
    const env = await withFile(profiles, { TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: '', TEMPORAL_PROFILE: '' })
    expect(resolveTemporal(env)).toMatchObject({ address: 'default.example:7233', namespace: 'from-file' })
  })

  it('reads the default profile of the file, under variables that win', async () => {
    const env = await withFile(profiles, { TEMPORAL_NAMESPACE: 'mine' })
    expect(resolveTemporal(env)).toMatchObject({
      address: 'default.example:7233',
      namespace: 'mine',
      origin: 'the address in the Temporal profile "default"',
    })
    expect(isTemporalConfigured(env)).toBe(true)
  })

  it('finds the file where Temporal looks for it by default', async () => {
    const home = await temporaryDirectory()
    const folder = process.platform === 'darwin' ? join(home, 'Library', 'Application Support') : home
    await mkdir(join(folder, 'temporalio'), { recursive: true })
    await writeFile(join(folder, 'temporalio', 'temporal.toml'), profiles)
    expect(resolveTemporal({ HOME: home, XDG_CONFIG_HOME: home }).address).toBe('default.example:7233')
  })

  it('reads a named profile, whose API key turns TLS on', async () => {
    const { address, connectionOptions } = resolveTemporal(await withFile(profiles, { TEMPORAL_PROFILE: 'cloud' }))
    expect(address).toBe('cloud.example:7233')
    expect(connectionOptions).toMatchObject({ apiKey: 'secret', tls: true })
  })

  it('is not configured by a profile without an address', async () => {
    const env = await withFile(profiles, { TEMPORAL_PROFILE: 'bare' })
    expect(isTemporalConfigured(env)).toBe(false)
    expect(resolveTemporal(env)).toMatchObject({ address: 'localhost:7233', namespace: 'no-address' })
  })

  it.each([
    ['a profile that is not in the file', profiles, { TEMPORAL_PROFILE: 'absent' }, /absent/],
    ['a file that is no TOML', 'address: x', {}, /TOML/i],
    [
      'a certificate that is not there',
      profiles,
      { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nonexistent.pem' },
      /nonexistent/,
    ],
  ])('refuses %s in one sentence', async (_name, toml, extra, reason) => {
    const env = await withFile(toml, extra as Record<string, string>)
    for (const read of [resolveTemporal, isTemporalConfigured]) {
      const caught = (() => {
        try {
          return read(env)
        } catch (error) {
          return error
        }
      })()
      expect(caught).toMatchObject({ code: 'InvalidConfiguration', message: expect.stringMatching(reason) })
      expect((caught as Error).message).toMatch(
        /^Temporal's environment configuration cannot be read \([^\n]*\): correct [^\n]*\.$/,
      )
    }
  })
})
