import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findTemporalCli } from '../../src/temporal/temporal-cli.js'
import type { Installation } from './installation.js'

/** Runs Temporal's own command line against the installation's server, and answers what it printed. */
export async function temporal({ target }: Installation, ...args: string[]): Promise<string> {
  const { path } = await findTemporalCli()
  const { stdout } = await promisify(execFile)(path, [
    ...args,
    '--address',
    target.address,
    '--namespace',
    target.namespace,
  ])
  return stdout
}
