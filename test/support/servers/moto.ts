import { claimPort } from '../../../src/temporal/free-port.js'
import { pythonPackage } from '../python-package.js'
import { type S3Server, s3Access } from './s3-server.js'
import { startServerProcess } from './server-process.js'

/** Moto: AWS as a Python program. Its objects are in its memory, and any credentials will do. Installs in a minute, without a compiler. */
export async function startMoto(): Promise<S3Server> {
  const directory = await installMoto()
  const port = await claimPort(undefined, '127.0.0.1', 'moto')
  const endpoint = `http://127.0.0.1:${port}`
  const start = () =>
    startServerProcess({
      command: 'python3',
      args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
      // An empty profile, as the users of our servers have it, is one that is missing to Python's SDK: every refusal would be a 500.
      env: { PYTHONPATH: directory, AWS_PROFILE: undefined },
      readyUrl: `${endpoint}/moto-api/data.json`,
    })
  let server = await start()
  return {
    ...s3Access(endpoint, 'moto', 'any-secret'),
    kill: () => server.kill(),
    async restart() {
      server = await start()
    },
    stop: () => server.stop(),
  }
}

export function installMoto(): Promise<string> {
  return pythonPackage('moto', '5.2.5', ['server', 's3'])
}
