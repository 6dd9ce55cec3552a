import { fileURLToPath } from 'node:url'

/** What worker processes run: the program that was built, and the job file that takes the library beside it. */
export interface Build {
  readonly cli: string
  readonly jobs: string
}

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export const projectRoot = fromHere('../..')

export const ownBuild: Build = { cli: fromHere('../../dist/src/cli/main.js'), jobs: fromHere('fixtures/jobs.mjs') }
