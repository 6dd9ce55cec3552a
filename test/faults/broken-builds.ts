import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Build, projectRoot } from './build.js'
import type { Scheme } from './place.js'

/** In a file of the build, below `dist/`: what stands there, and what is put in its place. */
interface Change {
  readonly file: string
  readonly from: RegExp
  readonly to: string
}

const fileStorage = 'src/storage/file/file-storage.js'
const storageFiles = 'src/storage/file/file-system.js'
const sinkFiles = 'src/connectors/files/file-system.js'
const kept = 'src/checkpoint-store/kept-snapshots.js'

/** Each safeguard taken out. The probe of a store still finds what it looks for: it is not what is tried here. */
export const safeguards = {
  'create-if-absent': [
    {
      file: fileStorage,
      from: /await this\.#fs\.link\(temporary, path\)/,
      to: "await this.#fs[path.includes('_probe-') ? 'link' : 'rename'](temporary, path)",
    },
  ],
  fsync: [
    { file: storageFiles, from: /sync: async \(\) => handle\.sync\(\)/, to: 'sync: async () => {}' },
    { file: storageFiles, from: /await handle\.sync\(\)/, to: 'await undefined' },
    { file: sinkFiles, from: /await handle\.sync\(\)/g, to: 'await undefined' },
    { file: sinkFiles, from: /sync: \(file\) => fsyncFile\(file\)/, to: 'sync: async () => {}' },
  ],
  pin: [
    {
      file: kept,
      from: /const \{ pins, unreadable \} = await readPins\(folder, except\)/,
      to: 'const { pins, unreadable } = { pins: [], unreadable: [] }',
    },
  ],
  claim: [
    {
      file: 'activities/ownership.js',
      from: /const outcome = await log\.append\(/,
      to: "const outcome = (await log.observe()).newest !== undefined ? { outcome: 'appended' } : await log.append(",
    },
  ],
  'abort of undecided numbers': [
    {
      file: 'activities/write-metadata.js',
      from: /return log\.abort\(/,
      to: "return { outcome: 'aborted' } ?? log.abort(",
    },
  ],
  'unconfirmed keys': [
    {
      file: 'src/engine/embedded/state/cut-history.js',
      from: /const since = this\.#cuts\.slice\([^\n]*\);/,
      to: 'const since = [record];',
    },
  ],
  'pending files first': [
    {
      file: 'src/connectors/files/recover.js',
      from: /(\(await moveParts\(fs, context, layout\.pending,[^\n]*\)) \+\n\s*(\(await moveParts\(fs, context, layout\.committed,[^\n]*\));/,
      to: '$2 + $1;',
    },
  ],
  'alive list': [{ file: kept, from: /for \(const number of newest\.alive\)/, to: 'for (const number of [])' }],
  'conditional put': [
    {
      file: 'src/storage/s3/s3-storage.js',
      from: /IfNoneMatch: '\*'/,
      to: "...(address.Key.includes('_probe-') && { IfNoneMatch: '*' })",
    },
  ],
  'rename without overwrite': [
    {
      file: 'src/storage/hdfs/placing.js',
      from: /\.rename\(temporary, path, taken\)/,
      to: ".rename(temporary, path, path.includes('_probe-') ? taken : 'OVERWRITE')",
    },
  ],
} as const satisfies Record<string, readonly Change[]>

export type Safeguard = keyof typeof safeguards

const elsewhere: Readonly<Partial<Record<Safeguard, Scheme>>> = {
  'conditional put': 's3',
  'rename without overwrite': 'hdfs',
}

/** Where checkpoints lie for it to be missed. */
export function schemeOf(safeguard: Safeguard): Scheme {
  return elsewhere[safeguard] ?? 'file'
}

export interface BrokenBuild extends Build {
  remove(): Promise<void>
}

/** Files of the build, below `dist/`, as they are without a safeguard. @throws Error where the build does not have it as it is known here */
export async function withoutSafeguard(safeguard: Safeguard): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  for (const { file, from, to } of safeguards[safeguard]) {
    const text = files.get(file) ?? (await readFile(join(projectRoot, 'dist', file), 'utf8'))
    const changed = text.replace(from, to)
    if (changed === text) throw new Error(`"${safeguard}" is not in ${file} as ${from}: adapt broken-builds.ts.`)
    files.set(file, changed)
  }
  return files
}

/** A copy of the build in which one safeguard is missing. @throws Error as `withoutSafeguard` */
export async function breakBuild(safeguard: Safeguard): Promise<BrokenBuild> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-broken-'))
  await cp(join(projectRoot, 'dist'), join(directory, 'dist'), { recursive: true })
  await cp(join(projectRoot, 'package.json'), join(directory, 'package.json'))
  await cp(join(projectRoot, 'test/faults/fixtures/jobs.mjs'), join(directory, 'jobs.mjs'))
  await symlink(join(projectRoot, 'node_modules'), join(directory, 'node_modules'))
  for (const [file, text] of await withoutSafeguard(safeguard)) await writeFile(join(directory, 'dist', file), text)
  return {
    cli: join(directory, 'dist/src/cli/main.js'),
    jobs: join(directory, 'jobs.mjs'),
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}
