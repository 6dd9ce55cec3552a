import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { messageOf, TidemarkError } from '../../errors.js'

/** Hadoop's settings by their names, `dfs.nameservices` and the like. */
export type HadoopProperties = ReadonlyMap<string, string>

/** As many variables in variables as Hadoop follows. */
const deepest = 20

/**
 * Hadoop's own files of a directory, which need not both be there, with `overrides` on top. Variables in values are replaced as Hadoop does it.
 * @throws InvalidConfiguration for a directory without either, or a file that is no XML
 */
export async function loadHadoopProperties(
  directory: string | undefined,
  overrides: Readonly<Record<string, string>>,
): Promise<HadoopProperties> {
  const raw = new Map<string, string>()
  if (directory !== undefined) {
    const texts = await Promise.all(
      ['core-site.xml', 'hdfs-site.xml'].map((name) => readIfThere(join(directory, name))),
    )
    if (texts.every((text) => text === undefined)) {
      throw invalid(directory, `${directory} holds no core-site.xml or hdfs-site.xml: correct HADOOP_CONF_DIR`)
    }
    for (const text of texts) {
      for (const [name, value] of text === undefined ? [] : await properties(text)) raw.set(name, value)
    }
  }
  for (const [name, value] of Object.entries(overrides)) raw.set(name, value)
  return new Map([...raw].map(([name, value]) => [name, expand(value, raw)]))
}

interface FileText {
  readonly path: string
  readonly text: string
}

async function readIfThere(path: string): Promise<FileText | undefined> {
  try {
    return { path, text: await readFile(path, 'utf8') }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw invalid(path, `${path} cannot be read: ${messageOf(error)}`)
  }
}

async function properties({ path, text }: FileText): Promise<[string, string][]> {
  const { XMLParser, XMLValidator } = await import('fast-xml-parser')
  const fault = XMLValidator.validate(text)
  if (fault !== true) throw invalid(path, `${path}:${fault.err.line} is no XML: ${fault.err.msg}`)
  // Every value is text, "0700" too.
  const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'property' })
  const found: { name?: unknown; value?: unknown }[] = parser.parse(text)?.configuration?.property ?? []
  return found.flatMap(({ name, value }): [string, string][] =>
    typeof name === 'string' ? [[name, typeof value === 'string' ? value : '']] : [],
  )
}

/** `${name}`, `${env.NAME}`, `${user.name}`; what nobody knows stays as it is. */
function expand(value: string, all: ReadonlyMap<string, string>): string {
  let text = value
  for (let depth = 0; depth < deepest; depth++) {
    const next = text.replace(/\$\{([^}$\s]+)\}/g, (whole, name: string) => variable(name, all) ?? whole)
    if (next === text) return text
    text = next
  }
  return text
}

function variable(name: string, all: ReadonlyMap<string, string>): string | undefined {
  if (name.startsWith('env.')) {
    const [, key = '', otherwise] = /^env\.([^:-]+)(?::?-(.*))?$/.exec(name) ?? []
    return process.env[key] || otherwise
  }
  return all.get(name) ?? (name === 'user.name' ? userInfo().username : undefined)
}

function invalid(path: string, message: string): TidemarkError {
  return new TidemarkError('InvalidConfiguration', `${message}.`, { path })
}
