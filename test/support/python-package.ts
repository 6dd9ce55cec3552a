import { runTool } from '../../src/temporal/run-tool.js'
import { cached } from './cached.js'

/**
 * A Python package and what it needs, installed by pip into a directory of its own in our cache; answers that directory.
 * Two processes may ask at once.
 */
export async function pythonPackage(name: string, version: string, extras: readonly string[] = []): Promise<string> {
  return cached(`python-${name}-${version}`, async (partial) => {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-input']
    const requirement = `${name}${extras.length > 0 ? `[${extras}]` : ''}==${version}`
    await runTool('python3', ['-m', 'pip', 'install', ...quiet, '--target', partial, requirement])
  })
}
